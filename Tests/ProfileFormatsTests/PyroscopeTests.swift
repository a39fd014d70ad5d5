import ProfileFormats
import ProfileModel
import PyroscopeMessages
import ResourceModel
import SwiftProtobuf
import Testing

@Suite struct PyroscopeTests {
  private static let resource = Resource([
    Attribute(key: "service.name", value: "shop {a=b}"),
    Attribute(key: "host.name", value: "node-1"),
    Attribute(key: "k8s.pod.name", value: "shop-7d"),
    Attribute(key: "1st", value: .integer(5)),
    Attribute(key: "__secret", value: "x,y"),
    Attribute(key: "empty", value: ""),
  ])

  @Test func labelsHaveNamesThatPyroscopeTakes() {
    let labels = PyroscopeLabels(.cpu, Self.resource)
    #expect(
      labels.all.map { "\($0.name)=\($0.value)" } == [
        "_1st=5", "__name__=process_cpu", "host_name=node-1", "k8s_pod_name=shop-7d",
        "secret=x,y", "service_name=shop {a=b}",
      ])
  }

  @Test func aSeriesHasNoMoreLabelsThanPyroscopeTakes() {
    var resource = Self.resource
    for number in 0..<100 { resource["a\(number)"] = "v" }
    let labels = PyroscopeLabels(.cpu, resource)
    #expect(labels.all.count == 26)
    #expect(labels.all.contains { $0.name == "k8s_pod_name" })
  }

  @Test func aProfileWithoutAServiceHasOneAllTheSame() {
    let labels = PyroscopeLabels(SampleType(name: "off-cpu", unit: "nanoseconds"), Resource())
    #expect(labels.all.map(\.value) == ["off_cpu", "unknown_service"])
  }

  @Test func aPushHoldsEachProfileWithItsLabels() throws {
    let labels = PyroscopeLabels(.cpu, Self.resource)
    let profile = [UInt8](repeating: 0xab, count: 300)
    let requests = PyroscopePush.encode(
      [
        .init(labels: labels, profile: profile, id: "one"),
        .init(labels: labels, profile: [], id: "two"),
        .init(labels: labels, profile: profile, id: "three"),
      ], limit: 1_000)
    #expect(requests.map(\.profiles) == [2, 1])
    let series = try requests.flatMap {
      try PyroscopePushRequest(serializedBytes: $0.bytes).series
    }
    #expect(series.flatMap(\.samples).map(\.id) == ["one", "two", "three"])
    #expect(series.flatMap(\.samples).map { Array($0.rawProfile) } == [profile, [], profile])
    #expect(series[0].labels.map(\.name) == labels.all.map(\.name))
  }

  @Test func theQueryOfAnIngestNamesServiceLabelsAndTime() {
    let query = PyroscopeIngest.query(PyroscopeLabels(.cpu, Self.resource), sampleProfile())
    #expect(
      query
        == "name=shop%20_a_b_%7B_1st%3D5%2Chost_name%3Dnode-1%2Ck8s_pod_name%3Dshop-7d"
        + "%2Csecret%3Dx_y%7D&from=1700000000&until=1700000010&format=pprof&sampleRate=100"
        + "&spyName=wick")
    #expect(
      PyroscopeIngest.query(PyroscopeLabels(.cpu, Resource()), sampleProfile())
        .hasPrefix("name=unknown_service&from="))
  }

  @Test func aQueryIsBounded() {
    var resource = Resource()
    for number in 0..<20 {
      resource["a\(number)"] = .string(String(repeating: "→", count: 2_000))
    }
    let query = PyroscopeIngest.query(PyroscopeLabels(.cpu, resource), sampleProfile())
    #expect(query.utf8.count <= 8_192)
    #expect(query.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f })
  }
}
