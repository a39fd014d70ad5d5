import Foundation
import PackagePlugin

/// Makes each file of the target's `Web` folder a Swift string constant: `viewer.js` is `ViewerJS`.
@main
struct EmbedAssets: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let folder = target.directoryURL.appending(path: "Web")
    let embed = try context.tool(named: "asset-embed").url
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { file in
      let parts = file.split(separator: ".")
      let name = parts[0].capitalized + parts[1].uppercased()
      let output = context.pluginWorkDirectoryURL.appending(path: "\(name).swift")
      return .buildCommand(
        displayName: "Embedding \(file)", executable: embed,
        arguments: [folder.appending(path: file).path, name, output.path],
        inputFiles: [folder.appending(path: file)], outputFiles: [output])
    }
  }
}
