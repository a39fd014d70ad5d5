import ResourceModel
import Testing

@Suite struct ResourceTests {
  @Test func attributesAreSortedAndEachKeyIsThereOnce() {
    let resource = Resource([
      Attribute(key: "service.name", value: "shop"),
      Attribute(key: "host.name", value: "node-1"),
      Attribute(key: "service.name", value: "cart"),
    ])
    #expect(resource.attributes.map(\.key) == ["host.name", "service.name"])
    #expect(resource["service.name"] == "cart")
    #expect(resource["service.version"] == nil)
  }

  @Test func ofTwoResourcesTheOtherCounts() {
    let host = Resource([
      Attribute(key: "host.name", value: "node-1"), Attribute(key: "service.name", value: "host"),
    ])
    let process = Resource([
      Attribute(key: "process.pid", value: .integer(7)),
      Attribute(key: "service.name", value: "shop"),
    ])
    let merged = host.merging(process)
    #expect(merged.attributes.map(\.key) == ["host.name", "process.pid", "service.name"])
    #expect(merged["service.name"] == "shop")
    #expect(merged["process.pid"]?.description == "7")
  }

  @Test func settingNilRemovesAKey() {
    var resource = Resource([Attribute(key: "a", value: .boolean(true))])
    resource["b"] = nil
    resource["a"] = nil
    #expect(resource == Resource())
  }
}
