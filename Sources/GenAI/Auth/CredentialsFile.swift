internal import JSON

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A file that lets its reader sign in to Google Cloud; its contents are in no message.
struct CredentialsFile: Sendable {
    private static let maximumBytes = 256 << 10

    let path: String
    let json: JSONValue

    /// Reads a file.
    ///
    /// - Throws: ``GenAIError/signIn(_:)`` that names the file.
    init(path: String) throws(GenAIError) {
        self.path = path
        let contents = try Self.contents(of: path)
        guard let document = try? JSONValue(parsing: contents), document.object != nil else {
            throw Self.unusable(path, "it is not a JSON object")
        }
        json = document
    }

    /// The project that a service account belongs to.
    var project: String? { json["project_id"]?.string.nonBlank }
    /// The project that pays.
    var quotaProject: String? { json["quota_project_id"]?.string.nonBlank }

    /// The identity that the file describes.
    func issuer(clock: some SignInClock) throws(GenAIError) -> any TokenIssuer {
        switch json["type"]?.string {
        case "service_account"?: return try ServiceAccount(self, clock: clock)
        case "authorized_user"?: return try AuthorizedUser(self, clock: clock)
        case let type:
            throw unusable(
                "its type is \(type.map { "\"\($0.prefix(40))\"" } ?? "missing"), and only service_account and "
                    + "authorized_user are supported"
            )
        }
    }

    /// A member that must be there.
    func text(_ name: String) throws(GenAIError) -> String {
        guard let text = json[name]?.string, !text.isEmpty else { throw unusable("it has no \(name)") }
        return text
    }

    /// Where the file has its tokens from: an https address, or plain http on this machine.
    func tokenServer() throws(GenAIError) -> BaseURL {
        guard let address = json["token_uri"]?.string else { return try BaseURL(AuthorizedUser.tokenServer) }
        do throws(GenAIError) {
            return try BaseURL(address)
        } catch {
            throw unusable("its token_uri is not an https address")
        }
    }

    func unusable(_ reason: String) -> GenAIError {
        Self.unusable(path, reason)
    }

    private static func unusable(_ path: String, _ reason: String) -> GenAIError {
        .signIn(SignInError(.unusableCredentials, "the credentials file \(path) cannot be used: \(reason)"))
    }

    private static func contents(of path: String) throws(GenAIError) -> [UInt8] {
        guard let file = fopen(path, "re") else { throw unusable(path, String(cString: strerror(errno))) }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: maximumBytes)
        let count = fread(&bytes, 1, maximumBytes, file)
        guard ferror(file) == 0 else { throw unusable(path, String(cString: strerror(errno))) }
        return Array(bytes[..<count])
    }
}
