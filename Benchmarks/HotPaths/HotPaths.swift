import Dispatch

/// Goes along one hot path of genbatch a number of times, so that its instructions can be counted.
///
/// Benchmarks/guard.py makes the folder with the data and knows what to do with the counts.
@main
enum HotPaths {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let path = HotPath(rawValue: arguments[1]), let units = Int(arguments[3]) else {
            fatalError("usage: hot-paths PATH FOLDER UNITS; the paths are \(HotPath.allCases.map(\.rawValue))")
        }
        let folder = arguments[2]
        // The main thread waits by itself: valgrind ends where Dispatch parks it for an asynchronous `main`.
        let end = DispatchSemaphore(value: 0)
        Task.detached {
            do {
                print(try await path.run(in: folder, units: units))
            } catch {
                fatalError("\(path.rawValue): \(error)")
            }
            end.signal()
        }
        end.wait()
    }
}

/// What a run does for every event or item.
enum HotPath: String, CaseIterable {
    case sseEvent = "sse-event"
    case chunkScan = "chunk-scan"
    case yamlItem = "yaml-item"
    case jsonlItem = "jsonl-item"
    case csvItem = "csv-item"
    case registerItem = "register-item"
    case commitItem = "commit-item"
    case exportRow = "export-row"

    /// - Parameters:
    ///   - folder: Where the data is.
    ///   - units: How many events or items to go along it for.
    /// - Returns: How many there were, counted at the end of the path.
    /// - Throws: What is wrong with the data.
    func run(in folder: String, units: Int) async throws -> Int {
        switch self {
        case .sseEvent: try AnswerPath().parse(units)
        case .chunkScan: try AnswerPath().scan(units)
        case .yamlItem: try ItemPath(folder, "yaml").read(units)
        case .jsonlItem: try ItemPath(folder, "jsonl").read(units)
        case .csvItem: try ItemPath(folder, "csv").read(units)
        case .registerItem: try await ItemPath(folder, "jsonl").register(units)
        case .commitItem: try await CommitPath(folder).run(units)
        case .exportRow: try ExportPath.write(units, in: folder)
        }
    }
}

/// Where the data of the paths is.
enum DataFile {
    static let checkpoint = "hot.db"

    static func path(_ name: String, in folder: String) -> String { "\(folder)/\(name)" }
}
