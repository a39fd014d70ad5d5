import Compression
import Export
import MetricFormats
import MetricModel
import ProfileModel
import ResourceModel
import Testing

@Suite struct BatchEncoderTests {
  private static let service = Resource([Attribute(key: "service.name", value: "shop")])

  private static var profile: Profile {
    var profile = Profile(sampleType: .cpu, period: 10)
    profile.facts.startUnixNanoseconds = 5_000_000_000
    let thread = profile.strings.intern("t")
    profile.threads = [ThreadIdentity(pid: 1, tid: 1, process: thread, thread: thread)]
    profile.samples = [Sample(stack: profile.stacks.intern([]), thread: 0, count: 3, value: 30)]
    return profile
  }

  private static func topics(_ wanted: [Topic]) -> [Topic] {
    BatchEncoder(topics: TopicSet(wanted), version: "1")
      .encode([(profile, service), (profile, service)], now: 9).batches.map(\.topic)
  }

  @Test func onlyWhatSomebodyTakesIsEncoded() {
    #expect(Self.topics([]) == [])
    #expect(Self.topics([.otlpMetrics]) == [])
    #expect(Self.topics([.otlpProfiles]) == [.otlpProfiles])
    #expect(Self.topics([.pyroscopePush]) == [.pyroscopePush])
    #expect(Self.topics([.profileFile]) == [.profileFile, .profileFile])
    #expect(
      Self.topics([.otlpProfiles, .pyroscopeIngest])
        == [.otlpProfiles, .pyroscopeIngest, .pyroscopeIngest])
  }

  @Test func aBatchSaysWhatItIsAndHowMuch() throws {
    let encoder = BatchEncoder(topics: TopicSet([.otlpProfiles, .pyroscopePush]), version: "1")
    let batches = encoder.encode(
      [(Self.profile, Self.service), (Self.profile, Resource())], now: 9
    ).batches
    #expect(batches.map(\.items) == [2, 2])
    #expect(batches.map(\.createdUnixNanoseconds) == [9, 9])
    #expect(batches.map(\.isCompressed) == [true, false])
    #expect(Gzip.isCompressed(batches[0].body))
  }

  @Test func aFilesHeadSaysWhatItIsNamedBy() throws {
    let encoder = BatchEncoder(topics: TopicSet([.profileFile]), version: "1")
    let batch = try #require(encoder.encode([(Self.profile, Self.service)], now: 9).batches.first)
    #expect(
      ProfileFileName(batch.head)
        == ProfileFileName(service: "shop", event: "cpu", time: 5_000_000_000))
    #expect(batch.isCompressed && Gzip.isCompressed(batch.body))
    for length in batch.head.indices.dropLast(4) {
      #expect(ProfileFileName(Array(batch.head.prefix(length)))?.service != "shop")
    }
  }

  @Test func metricsAreABatchOfDataPoints() throws {
    var metrics = MetricBatch()
    metrics.add("a", .gauge, "", 1)
    metrics.add("b", .gauge, "", 2)
    let resources = MetricResources(host: Resource())
    let wanting = BatchEncoder(topics: TopicSet([.otlpMetrics]), version: "1")
    #expect(wanting.encode(metrics, resources: resources, now: 9).map(\.items) == [2])
    let others = BatchEncoder(topics: TopicSet([.profileFile]), version: "1")
    #expect(others.encode(metrics, resources: resources, now: 9).isEmpty)
  }
}
