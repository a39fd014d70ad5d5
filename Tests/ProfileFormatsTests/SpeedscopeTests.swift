import Foundation
import ProfileFormats
import ProfileModel
import Testing

@Suite struct SpeedscopeTests {
  /// Checks what the published schema of speedscope demands of a file of sampled profiles.
  private let schemaCheck = """
    import json, sys
    d = json.load(open(sys.argv[1]))
    assert d["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    assert isinstance(d["exporter"], str) and isinstance(d["name"], str)
    frames = d["shared"]["frames"]
    for f in frames:
        assert set(f) <= {"name", "file", "line", "col"} and isinstance(f["name"], str)
    units = {"bytes", "microseconds", "milliseconds", "nanoseconds", "none", "seconds"}
    for p in d["profiles"]:
        assert p["type"] == "sampled" and p["unit"] in units and isinstance(p["name"], str)
        assert len(p["samples"]) == len(p["weights"]) > 0
        assert p["startValue"] == 0 and p["endValue"] == sum(p["weights"])
        assert all(0 <= i < len(frames) for s in p["samples"] for i in s)
    for p in d["profiles"]:
        for s, w in zip(p["samples"], p["weights"]):
            print(p["name"] + "|" + ";".join(frames[i]["name"] for i in s), w)
    assert 0 <= d["activeProfileIndex"] < max(1, len(d["profiles"]))
    print(json.dumps(d["wick"]))
    """

  @Test func theFileFollowsTheSchemaAndHoldsEveryStack() throws {
    let output = try check(sampleProfile())
    #expect(
      output == #"""
        prog (10)|main;ns::work 700000000
        prog (10)|main;ns::work;ns::work;do_syscall_64_[k] 200000000
        prog (10)|[incomplete: no-unwind-info];[prog+0x1f00] 30000000
        my app (20)|main;LazyCompile:~f_[j] 60000000
        my app (20)|[incomplete: stack-unreadable] 10000000
        {"taken": 102, "complete": 96, "partial": {"no-unwind-info": 3, "stack-unreadable": 1}, "dropped": {"ring-full": 2}, "coverage": 0.9411764705882353}

        """#)
  }

  @Test func namesOfAnyBytesAreValidJSON() throws {
    var profile = Profile(sampleType: .samples, period: 1)
    var bytes = [UInt8](0...255)
    bytes += Array("\u{1F600}\"\\/</script>".utf8)
    let name = profile.strings.intern(bytes.span)
    profile.functions = [Function(name: name, module: name, kind: .native)]
    profile.locations = [Location(mapping: nil, offset: 0, function: 0)]
    profile.threads = [ThreadIdentity(pid: 1, tid: 1, process: name, thread: name)]
    profile.add([0], 0, 1)
    #expect(try check(profile).contains(#"\/</script> 1"#))
  }

  @Test func anEmptyProfileIsAValidFile() throws {
    #expect(try check(Profile(sampleType: .cpu, period: 1)).hasPrefix(#"{"taken": 0"#))
  }

  private func check(_ profile: Profile) throws -> String {
    let file = try TemporaryFile(SpeedscopeFormat.encode(profile), suffix: ".json")
    return try run("python3", "-c", schemaCheck, file.path)
  }
}
