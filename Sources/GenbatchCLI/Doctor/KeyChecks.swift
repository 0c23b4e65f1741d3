#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Where the key comes from and of which kind it is; the key itself is never shown.
enum KeyChecks {
    static func all(_ options: ConnectionOptions) -> [Finding] {
        if let path = options.keyFile {
            return file(path)
        }
        let set = ["GOOGLE_API_KEY", "GEMINI_API_KEY"].compactMap { name in
            variable(name).map { (name: name, key: $0) }
        }
        guard let used = set.first else {
            return [
                .fail(
                    "key",
                    "no key in GOOGLE_API_KEY or GEMINI_API_KEY, and no --key-file",
                    advice: "make one at https://aistudio.google.com/apikey"
                )
            ]
        }
        let found = kind(of: used.key, from: used.name)
        guard set.count == 2, set[0].key != set[1].key else { return [found] }
        return [
            found,
            .warn("key", "GEMINI_API_KEY is set too, to another key", advice: "unset the one that is not meant"),
        ]
    }

    private static func file(_ path: String) -> [Finding] {
        let key: String
        do {
            key = try KeyFile.read(path)
        } catch {
            return [.fail("key", CommandFailure(error).message, advice: "put the key alone into that file")]
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o077 != 0 else { return [kind(of: key, from: path)] }
        return [
            kind(of: key, from: path),
            .warn(
                "key",
                "others on this machine may read \(path) (\(String(status.st_mode & 0o777, radix: 8)))",
                advice: "chmod 600 \(ShellWord.quoted(path))"
            ),
        ]
    }

    /// Keys of the Gemini API begin with `AIza`, or with `AQ.` if they belong to a service account.
    private static func kind(of key: String, from source: String) -> Finding {
        if key.hasPrefix("AIza") { return .ok("key", "an API key, from \(source)") }
        if key.hasPrefix("AQ.") { return .ok("key", "an API key of a service account, from \(source)") }
        if key.hasPrefix("auth_tokens/") {
            return .fail(
                "key",
                "an ephemeral token, from \(source), which works with the Live API only",
                advice: "make a key at https://aistudio.google.com/apikey"
            )
        }
        return .warn(
            "key",
            "from \(source), and it does not look like a key of the Gemini API",
            advice: "those begin with AIza or AQ."
        )
    }

    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let key = String(cString: value).filter { !$0.isWhitespace }
        return key.isEmpty ? nil : key
    }
}
