internal import Foundation

/// The key of a service account that exists in these tests only, made anew for each run of them.
package enum TestAccount {
    package static let email = "runner@acme-42.iam.gserviceaccount.com"

    /// A folder with `private.pem` and `public.pem`.
    package static let folder = Result {
        let folder = try TemporaryDirectory()
        let openssl = try TestAccount.openssl()
        let privateKey = "\(folder.path)/private.pem"
        try Command.run(
            openssl,
            ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", privateKey]
        )
        try Command.run(openssl, ["pkey", "-in", privateKey, "-pubout", "-out", "\(folder.path)/public.pem"])
        return folder
    }

    package static func openssl() throws -> String {
        try Command.find("openssl", advice: "run `make test`, which installs it, or `apt-get install openssl`")
    }

    private static func privateKey() throws -> String {
        try String(contentsOfFile: "\(folder.get().path)/private.pem", encoding: .utf8)
    }

    /// A credentials file as the console of Google Cloud makes it.
    ///
    /// - Parameters:
    ///   - tokenServer: Where it has its tokens from.
    ///   - changes: Members instead of the usual ones; an empty text leaves one out.
    /// - Returns: Its contents.
    /// - Throws: ``Command/Failure`` if openssl is missing or fails.
    package static func file(_ tokenServer: String, _ changes: [String: String] = [:]) throws -> String {
        var members = [
            "type": "service_account", "project_id": "acme-42", "private_key_id": "key-1",
            "private_key": try privateKey(), "client_email": email, "token_uri": tokenServer,
        ]
        members.merge(changes) { $1 }
        return try json(members.filter { !$0.value.isEmpty })
    }

    /// What `gcloud auth application-default login` writes.
    package static func userFile(_ changes: [String: String] = [:]) throws -> String {
        let members = [
            "type": "authorized_user", "client_id": "client-id", "client_secret": "the-client-secret",
            "refresh_token": "the-refresh-token", "quota_project_id": "acme-billing",
        ]
        return try json(members.merging(changes) { $1 })
    }

    private static func json(_ members: [String: String]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
    }
}
