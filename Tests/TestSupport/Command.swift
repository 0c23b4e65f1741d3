package import Foundation

/// A program of the system, run to its end.
package enum Command {
    /// Why a program did not do what a test needs.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Finds a program in the usual folders.
    ///
    /// - Parameters:
    ///   - name: For example `nginx`.
    ///   - advice: How to install it.
    /// - Returns: Its path.
    /// - Throws: ``Failure`` with the advice if it is not there.
    package static func find(_ name: String, advice: String) throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        // Servers stand in folders that the path of an ordinary user leaves out.
        let folders =
            path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"]
        let found = folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let found else { throw Failure(description: "\(name) is not installed: \(advice)") }
        return found
    }

    /// Runs a program and returns what it wrote to standard output.
    ///
    /// - Parameters:
    ///   - path: The program.
    ///   - arguments: Its arguments.
    /// - Returns: The bytes of its standard output.
    /// - Throws: ``Failure`` if it ends with another status than 0.
    @discardableResult
    package static func run(_ path: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let written = output.fileHandleForReading.readDataToEndOfFile()
        let words = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(
                description:
                    "\(path) \(arguments.joined(separator: " ")) ended with status \(process.terminationStatus): "
                    + String(decoding: words, as: UTF8.self)
            )
        }
        return written
    }
}
