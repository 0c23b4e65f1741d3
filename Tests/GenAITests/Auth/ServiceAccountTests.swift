import Foundation
import JSON
import TestSupport
import Testing

@testable import GenAI

@Suite("Signing in as a service account", .timeLimit(.minutes(1)))
struct ServiceAccountTests {
    @Test("the assertion says who asks for what until when, in exactly these words")
    func claims() throws {
        let parts = try assertion().split(separator: ".", omittingEmptySubsequences: false)
        #expect(parts.count == 3)
        #expect(try text(parts[0]) == #"{"alg":"RS256","typ":"JWT","kid":"key-1"}"#)
        // From the clock's 1700000000 on, for an hour.
        #expect(
            try text(parts[1])
                == #"{"iss":"\#(TestAccount.email)","scope":"https://www.googleapis.com/auth/cloud-platform","#
                + #""aud":"https://oauth2.googleapis.com/token","iat":1700000000,"exp":1700003600}"#
        )
    }

    @Test("openssl finds the assertion signed with the account's key")
    func signature() throws {
        let assertion = try assertion()
        let dot = try #require(assertion.lastIndex(of: "."))
        let folder = try TestAccount.folder.get().path
        let work = try TemporaryDirectory()
        let content = try work.write(String(assertion[..<dot]), to: "content")
        let signature = try work.write(try decoded(assertion[assertion.index(after: dot)...]), to: "signature")
        let openssl = try TestAccount.openssl()
        let arguments = ["dgst", "-sha256", "-verify", "\(folder)/public.pem", "-signature", signature]
        #expect(String(decoding: try Command.run(openssl, arguments + [content]), as: UTF8.self) == "Verified OK\n")
        let other = try work.write("something else", to: "other")
        #expect(throws: Command.Failure.self) { try Command.run(openssl, arguments + [other]) }
    }

    @Test("a key without an id is left unnamed")
    func withoutKeyID() throws {
        let header = try #require(try assertion(["private_key_id": ""]).split(separator: ".").first)
        #expect(try text(header) == #"{"alg":"RS256","typ":"JWT"}"#)
    }

    @Test("the assertion is posted as a form, and the token it gives travels with the request")
    func wire() async throws {
        let cloud = try LoopbackCloud()
        let client = try cloud.client(["GOOGLE_CLOUD_QUOTA_PROJECT": "acme-billing"])
        let collected = try await client.collect()
        #expect(collected.error == nil)
        #expect(collected.answer.text == "Hello")
        let asked = try #require(cloud.tokenRequests.first)
        #expect(asked.method == "POST")
        #expect(asked.header("content-type") == "application/x-www-form-urlencoded")
        #expect(asked.header("authorization") == nil)
        let prefix = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
        #expect(asked.bodyText.hasPrefix(prefix))
        #expect(asked.bodyText.dropFirst(prefix.count).split(separator: ".").count == 3)
        let request = try #require(cloud.apiRequests.first)
        // The project is the one of the file, the location the default.
        #expect(
            request.target
                == "/v1beta1/projects/acme-42/locations/global/publishers/google/models/m:streamGenerateContent?alt=sse"
        )
        #expect(request.header("authorization") == "Bearer token-1")
        #expect(request.header("x-goog-user-project") == "acme-billing")
        #expect(request.header("x-goog-api-key") == nil)
        _ = try await client.collect()
        #expect(cloud.tokenRequests.count == 1)
        #expect(cloud.apiRequests.count == 2)
    }

    private func assertion(_ changes: [String: String] = [:]) throws -> String {
        let folder = try TemporaryDirectory()
        let path = try folder.write(try TestAccount.file("https://tokens.example/token", changes), to: "key.json")
        return try ServiceAccount(try CredentialsFile(path: path), clock: ManualClock()).assertion()
    }

    private func text(_ part: Substring) throws -> String {
        String(decoding: try decoded(part), as: UTF8.self)
    }

    /// Base64 for addresses, decoded by Foundation.
    private func decoded(_ part: Substring) throws -> Data {
        #expect(!part.contains { "+/=".contains($0) })
        let standard = part.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        let padding = String(repeating: "=", count: (4 - standard.count % 4) % 4)
        return try #require(Data(base64Encoded: String(standard) + padding))
    }
}
