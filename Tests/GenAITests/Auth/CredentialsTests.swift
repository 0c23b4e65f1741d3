import TestSupport
import Testing

@testable import GenAI

@Suite("Finding credentials")
struct CredentialsTests {
    @Test("the environment's file comes before gcloud's, and gcloud's folder may be elsewhere")
    func order() throws {
        let folder = try TemporaryDirectory()
        let named = try folder.write(try TestAccount.file("https://t.example", ["project_id": "named"]), to: "a.json")
        let well = "application_default_credentials.json"
        try folder.write(try TestAccount.file("https://t.example", ["project_id": "elsewhere"]), to: "cfg/\(well)")
        try folder.write(
            try TestAccount.file("https://t.example", ["project_id": "home"]),
            to: ".config/gcloud/\(well)"
        )
        var environment = ["HOME": folder.path]
        #expect(try project(environment) == "home")
        environment["CLOUDSDK_CONFIG"] = "\(folder.path)/cfg"
        #expect(try project(environment) == "elsewhere")
        environment["GOOGLE_APPLICATION_CREDENTIALS"] = named
        #expect(try project(environment) == "named")
        environment["CLOUDSDK_CONFIG"] = "\(folder.path)/nowhere"
        environment["GOOGLE_APPLICATION_CREDENTIALS"] = ""
        let error = #expect(throws: GenAIError.self) {
            environment["NO_GCE_CHECK"] = "true"
            _ = try project(environment)
        }
        #expect(error?.label == "signIn noCredentials")
    }

    @Test("a file that is named and not there is not passed over")
    func missing() {
        let environment = ["GOOGLE_APPLICATION_CREDENTIALS": "/nonexistent/key.json", "HOME": "/"]
        let error = #expect(throws: GenAIError.self) { try project(environment) }
        #expect(error?.label == "signIn unusableCredentials")
        #expect(
            error?.description == "the credentials file /nonexistent/key.json cannot be used: No such file or directory"
        )
    }

    @Test(
        "a file that cannot be used is named, and nothing of it is shown",
        arguments: [
            ([:], "client_email", "it has no client_email"), ([:], "private_key", "it has no private_key"),
            (["private_key": "secret-words"], "", "its private_key is not an RSA key"),
            (["token_uri": "http://tokens.example/token"], "", "its token_uri is not an https address"),
            (["token_uri": "https://user:secret-words@tokens.example"], "", "its token_uri is not an https address"),
            (["type": "external_account"], "", "its type is \"external_account\""),
            ([:], "type", "its type is missing"),
        ] as [([String: String], String, String)]
    )
    func unusable(changes: [String: String], without: String, says: String) throws {
        let changes = without.isEmpty ? changes : [without: ""]
        let error = try error(try TestAccount.file("https://tokens.example/token", changes))
        #expect(error?.label == "signIn unusableCredentials")
        #expect(error?.description.contains(says) == true, "\(String(describing: error))")
        #expect(error?.description.contains("secret-words") == false)
        #expect(error?.description.contains("PRIVATE KEY") == false)
    }

    @Test("a file that holds something else is not repeated", arguments: ["", "secret-words", "[1]", "{\"type\":"])
    func noJSON(text: String) throws {
        let error = try error(text)
        #expect(error?.description.hasSuffix("it is not a JSON object") == true)
    }

    @Test("credentials do not show a key when they are printed")
    func printing() {
        var text = "\(VertexOptions(credentials: .apiKey(testKey)))"
        dump(VertexOptions(credentials: .apiKey(testKey)), to: &text)
        #expect(!text.contains(testKey))
        #expect(text.contains("an API key"))
    }

    @Test("forms carry any text", arguments: [("a-Z_0.9~", "a-Z_0.9~"), ("a b+c&d=é/", "a%20b%2Bc%26d%3D%C3%A9%2F")])
    func form(text: String, encoded: String) {
        #expect(formEncoded(text) == encoded)
    }

    private func error(_ file: String) throws -> GenAIError? {
        let folder = try TemporaryDirectory()
        let path = try folder.write(file, to: "key.json")
        let error = #expect(throws: GenAIError.self) { try project(["GOOGLE_APPLICATION_CREDENTIALS": path]) }
        #expect(error?.description.contains(path) == true)
        return error
    }

    /// The project of the credentials that a client finds.
    private func project(_ environment: [String: String]) throws -> String? {
        let client = try Client(apiKey: testKey)
        let account = try GoogleAccount(
            .applicationDefault,
            project: nil,
            Environment(environment),
            TokenTransport(loop: client.loop, options: client.options),
            ManualClock()
        )
        return account.project
    }
}
