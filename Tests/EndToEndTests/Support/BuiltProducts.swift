import Foundation

/// The programs of the package, which the build put beside the tests.
enum BuiltProducts {
    static func path(of name: String) throws -> String {
        // Where tests run from an executable it stands beside the products; a bundle that is loaded does as well.
        let places = [Bundle.main.executableURL, Bundle.main.bundleURL] + Bundle.allBundles.map(\.bundleURL)
        for place in places.compactMap({ $0?.resolvingSymlinksInPath().deletingLastPathComponent() }) {
            let path = place.appendingPathComponent(name).path
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw Program.Failure(description: "\(name) is not beside the tests; build with `swift build --build-tests`")
    }

    /// The folder of the package, where README.md and the sample jobs are.
    static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
