import Agent
import ArgumentParser

@main
struct Wick: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wick",
    abstract: "See which code your machine runs: whole stacks, of everything, without preparation.",
    version: Version.current,
    subcommands: [RecordCommand.self])
}
