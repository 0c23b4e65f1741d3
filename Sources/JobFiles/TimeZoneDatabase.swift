package import BatchCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The time zones that the system knows.
package enum TimeZoneDatabase {
    private static let folder = "/usr/share/zoneinfo"
    private static let machineFile = "/etc/localtime"
    private static let largestFile = 1 << 20

    /// How the clocks of a zone are set.
    ///
    /// - Parameter name: For example `Europe/Berlin`.
    /// - Returns: The rules.
    /// - Throws: A ``TimeZoneError`` if the system does not know it.
    package static func rules(of name: String) throws(TimeZoneError) -> TimeZoneRules {
        if isName(name), let rules = read("\(folder)/\(name)") { return rules }
        if ["UTC", "Etc/UTC"].contains(name) { return .utc }
        guard access("\(folder)/Etc/UTC", R_OK) == 0 else { throw .noDatabase(name) }
        throw .unknown(name, suggestion: suggestion(for: name))
    }

    /// The zone that the machine's clocks show, whatever `TZ` says: it is cron's.
    ///
    /// Without a file it is UTC.
    package static func machine() -> (name: String, rules: TimeZoneRules) {
        guard let rules = read(machineFile) else { return ("UTC", .utc) }
        let path = FileAccess.realPath(of: machineFile) ?? machineFile
        let marker = "/zoneinfo/"
        guard let range = path.firstRange(of: marker) else { return ("the machine's time zone", rules) }
        return (String(path[range.upperBound...]), rules)
    }

    private static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || "/_+-".utf8.contains(byte)
        }
        return isPlain && name.utf8.count <= 100 && !parts.contains("")
    }

    private static func read(_ path: String) -> TimeZoneRules? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: largestFile)
        let count = fread(&bytes, 1, largestFile, file)
        return TimeZoneRules(tzif: Array(bytes[..<count]))
    }

    /// A name like it in the same part of the world.
    private static func suggestion(for name: String) -> String? {
        guard let slash = name.lastIndex(of: "/"), isName(name) else { return nil }
        let area = String(name[..<slash])
        let names = FolderListing.names(in: "\(folder)/\(area)").map { "\(area)/\($0)" }
        return Suggestion.nearest(to: name, in: names)
    }
}

/// Why there are no rules for a time zone.
package enum TimeZoneError: Error, Sendable, Equatable, CustomStringConvertible {
    case unknown(String, suggestion: String?)
    /// The system has no time zones at all.
    case noDatabase(String)

    package var description: String {
        switch self {
        case .unknown(let name, _): "there is no time zone \"\(name)\"; use a name such as Europe/Berlin or UTC"
        case .noDatabase(let name):
            "the rules of the time zone \(name) cannot be read: /usr/share/zoneinfo is missing; install tzdata"
        }
    }
}
