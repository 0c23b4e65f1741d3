#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Where a medium is, by its text in the job: a URI that the API fetches, or a file of ours.
enum MediaAddress: Equatable {
    /// The path is the part that may have an extension.
    case uri(String, host: String, path: String)
    case file(String)

    /// Why an address is not accepted.
    struct Refusal: Error, Equatable {
        var message: String

        init(_ message: String) {
            self.message = message
        }
    }

    init(_ text: String) throws(Refusal) {
        guard !text.isEmpty else { throw Refusal("the image's address is empty") }
        let lowercased = text.prefix(8).lowercased()
        if lowercased.hasPrefix("data:") {
            throw Refusal("data: URIs are not accepted; write the image to a file and name the file")
        }
        if lowercased.hasPrefix("file:") {
            throw Refusal("file: URIs are not accepted; write the path, relative to the job file")
        }
        guard let separator = text.firstRange(of: "://") else {
            self = .file(text)
            return
        }
        guard !text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F }) else {
            throw Refusal("the address holds a blank or a control character; write it as %20 and the like")
        }
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let path = rest.dropFirst(authority.count).prefix { !"?#".contains($0) }
        switch text[..<separator.lowerBound].lowercased() {
        case "gs":
            guard !authority.isEmpty, path.count > 1 else { throw Refusal("expected gs://BUCKET/OBJECT") }
        case "https":
            try Self.check(authority: String(authority))
        case "http":
            throw Refusal("http: addresses are not accepted; use https")
        case let scheme:
            throw Refusal("addresses that begin with \(scheme): are not accepted; use https, gs or a path")
        }
        self = .uri(text, host: String(authority), path: String(path))
    }

    /// The type that the address itself tells; video pages have no extension.
    var guessedType: String? {
        switch self {
        case .file(let path): return MIMEType.guess(path: path)
        case .uri(_, let host, let path):
            let host = host.lowercased()
            if host == "youtu.be" || host == "youtube.com" || host.hasSuffix(".youtube.com") { return "video/mp4" }
            return MIMEType.guess(path: path)
        }
    }

    private static func check(authority: String) throws(Refusal) {
        guard !authority.contains("@") else {
            throw Refusal("an address with a user name in it is not accepted; it would be stored and logged")
        }
        let host: String
        if authority.hasPrefix("[") {
            host = String(authority.dropFirst().prefix { $0 != "]" })
        } else {
            host = String(authority.prefix { $0 != ":" })
        }
        guard !host.isEmpty else { throw Refusal("the address names no host") }
        guard !isPrivate(host) else {
            throw Refusal("\(host) is a private address; the API cannot fetch from it, give the file's path instead")
        }
    }

    /// Whether a host is written as an address that leads inside a network; names are not looked up.
    static func isPrivate(_ host: String) -> Bool {
        var name = host.lowercased()
        if name.hasSuffix(".") {
            name.removeLast()
        }
        if name == "localhost" || name.hasSuffix(".localhost") || name.hasSuffix(".internal")
            || name.hasSuffix(".local")
        {
            return true
        }
        var six = in6_addr()
        if inet_pton(AF_INET6, name.split(separator: "%").first.map(String.init) ?? name, &six) == 1 {
            return withUnsafeBytes(of: six) { isPrivate(version6: Array($0)) }
        }
        // Also reads 2130706433 and 0x7f.1, as programs that fetch do.
        var four = in_addr()
        guard inet_aton(name, &four) != 0 else { return false }
        return withUnsafeBytes(of: four) { isPrivate(version4: Array($0)) }
    }

    private static func isPrivate(version4 bytes: [UInt8]) -> Bool {
        switch (bytes[0], bytes[1]) {
        case (0, _), (10, _), (127, _), (169, 254), (192, 168), (172, 16...31), (100, 64...127), (224..., _): true
        default: false
        }
    }

    private static func isPrivate(version6 bytes: [UInt8]) -> Bool {
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        if isMapped { return isPrivate(version4: Array(bytes[12...])) }
        return bytes[..<15].allSatisfy { $0 == 0 } || bytes[0] & 0xFE == 0xFC || bytes[0] == 0xFF
            || (bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80)
    }
}
