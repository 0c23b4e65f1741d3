import GeminiSimulator
import JSON
import Testing

/// The base64 of the hexadecimal SHA-256 of `abc`, from FIPS 180-4's example.
private let hashOfABC = "YmE3ODE2YmY4ZjAxY2ZlYTQxNDE0MGRlNWRhZTIyMjNiMDAzNjFhMzk2MTc3YTljYjQxMGZmNjFmMjAwMTVhZA=="
private let granule = 256 << 10

extension Client {
    /// Starts an upload and returns the path that its pieces go to.
    fileprivate func startUpload(
        size: Int,
        body: String = #"{"file":{"displayName":"plan"}}"#,
        headers: [String] = ["x-goog-api-key: test"]
    ) throws -> (response: RawResponse, path: String) {
        let response = try request(
            "POST",
            "/upload/v1beta/files",
            body: body,
            headers: headers + [
                "X-Goog-Upload-Protocol: resumable", "X-Goog-Upload-Command: start",
                "X-Goog-Upload-Header-Content-Length: \(size)", "X-Goog-Upload-Header-Content-Type: text/plain",
            ]
        )
        let address = response.header("x-goog-upload-url") ?? ""
        return (response, String(address.dropFirst("http://127.0.0.1".count)))
    }

    /// Sends a piece, or asks about the upload; no key is needed.
    fileprivate func transfer(_ path: String, _ command: String, offset: Int? = nil, _ text: String = "") throws
        -> RawResponse
    {
        try request(
            "POST",
            path,
            body: text,
            headers: ["X-Goog-Upload-Command: \(command)"] + (offset.map { ["X-Goog-Upload-Offset: \($0)"] } ?? [])
        )
    }

    fileprivate func uploaded(_ text: String, body: String = #"{"file":{"displayName":"plan"}}"#) throws -> JSONValue {
        let (_, path) = try startUpload(size: text.utf8.count, body: body)
        let end = try transfer(path, "upload, finalize", offset: 0, text)
        return try #require(try end.json()["file"], "\(end.text)")
    }
}

@Suite("Files", .timeLimit(.minutes(1)))
struct FileTests {
    @Test("a file comes in pieces, is processed for a while, and can be deleted")
    func life() async throws {
        var configuration = SimulatorConfiguration()
        configuration.processingPolls = 2
        try await withSimulator(configuration) { client in
            let first = String(repeating: "a", count: granule)
            let (start, path) = try client.startUpload(size: granule + 3)
            #expect(start.header("x-goog-upload-status") == "active")
            #expect(start.header("x-goog-upload-chunk-granularity") == "262144")
            #expect(try client.transfer(path, "upload", offset: 0, first).header("x-goog-upload-status") == "active")
            let end = try client.transfer(path, "upload, finalize", offset: granule, "abc")
            #expect(end.header("x-goog-upload-status") == "final")
            let file = try #require(try end.json()["file"])
            #expect(file["displayName"] == "plan" && file["mimeType"] == "text/plain")
            #expect(file["sizeBytes"] == .string("\(granule + 3)") && file["state"] == "PROCESSING")
            let name = try #require(file["name"]?.string)
            #expect(file["uri"] == .string("https://generativelanguage.googleapis.com/v1beta/\(name)"))
            let states = try (0..<4).map { _ in try client.request("GET", "/v1beta/\(name)").json()["state"] }
            #expect(states == ["PROCESSING", "PROCESSING", "ACTIVE", "ACTIVE"])
            #expect(try client.request("DELETE", "/v1beta/\(name)").text == "{}")
            #expect(try client.request("GET", "/v1beta/\(name)").status == 403)
            #expect(try client.request("DELETE", "/v1beta/\(name)").status == 403)
        }
    }

    @Test("the hash is the base64 of the hexadecimal SHA-256, and names may be chosen once")
    func hashAndName() async throws {
        try await withSimulator { client in
            let body = #"{"file":{"name":"files/my-plan"}}"#
            let file = try client.uploaded("abc", body: body)
            #expect(file["sha256Hash"] == .string(hashOfABC))
            #expect(file["name"] == "files/my-plan")
            #expect(try client.startUpload(size: 3, body: body).response.status == 409)
        }
    }

    @Test("an upload that broke off is asked for its size and goes on there")
    func resume() async throws {
        try await withSimulator { client in
            try client.setScript(
                #"{"rules":[{"match":"plan","attempts":[1],"fault":{"kind":"cutUpload","afterBytes":5}}]}"#
            )
            let text = String(repeating: "a", count: granule)
            let (_, path) = try client.startUpload(size: granule)
            #expect(throws: RawConnection.Failure.self) {
                try client.transfer(path, "upload, finalize", offset: 0, text)
            }
            let query = try client.transfer(path, "query")
            #expect(query.header("x-goog-upload-status") == "active")
            #expect(query.header("x-goog-upload-size-received") == "5")
            let end = try client.transfer(path, "upload, finalize", offset: 5, String(text.dropFirst(5)))
            #expect(try end.json()["file"]?["sizeBytes"] == .string("\(granule)"))
            // Whoever lost this answer gets it again.
            let again = try client.transfer(path, "query")
            #expect(again.header("x-goog-upload-status") == "final")
            #expect(try again.json() == end.json())
        }
    }

    @Test(
        "what does not fit is refused",
        arguments: [
            ("upload", 1, granule, 400), ("upload", 0, granule - 1, 400), ("upload, finalize", 0, granule - 1, 400),
            ("upload, finalize", 0, granule * 3, 400), ("upload", nil, granule, 400), ("cancel", 0, 0, 400),
        ] as [(String, Int?, Int, Int)]
    )
    func misfits(command: String, offset: Int?, count: Int, status: Int) async throws {
        try await withSimulator { client in
            let (_, path) = try client.startUpload(size: granule * 2)
            let text = String(repeating: "a", count: count)
            #expect(try client.transfer(path, command, offset: offset, text).status == status)
            let other = "/upload/v1beta/files?upload_id=other&upload_protocol=resumable"
            #expect(try client.transfer(other, command, offset: offset, text).status == 404)
        }
    }

    @Test("a start without what it takes is refused")
    func badStart() async throws {
        try await withSimulator { client in
            #expect(try client.startUpload(size: 1, headers: []).response.status == 403)
            #expect(try client.startUpload(size: -1).response.status == 400)
            let unknown = try client.startUpload(size: 1, body: #"{"file":{"titel":"x"}}"#).response
            #expect(unknown.text.contains(#"Unknown name \"titel\" at 'file'"#))
            #expect(try client.startUpload(size: 1, body: #"{"file":{"name":"files/Plan"}}"#).response.status == 400)
            #expect(try client.request("POST", "/upload/v1beta/files").status == 400)
        }
    }

    @Test("a prompt may name a file once it is active, and no other")
    func prompts() async throws {
        try await withSimulator { client in
            let file = try client.uploaded("abc")
            let uri = try #require(file["uri"]?.string)
            func ask(_ uri: String) throws -> RawResponse {
                try client.generate(
                    #"{"contents":[{"parts":[{"fileData":{"fileUri":"\#(uri)","mimeType":"image/png"}}]}]}"#
                )
            }
            let early = try ask(uri)
            #expect(early.status == 400)
            #expect(try early.json()["error"]?["status"] == "FAILED_PRECONDITION")
            #expect(early.text.contains("ACTIVE state"))
            _ = try client.request("GET", "/v1beta/\(file["name"]?.string ?? "")")
            #expect(try ask(uri).status == 200)
            #expect(try ask(uri + "0").status == 403)
        }
    }

    @Test("a file can be ordered to fail")
    func failing() async throws {
        var configuration = SimulatorConfiguration()
        configuration.processingPolls = 0
        try await withSimulator(configuration) { client in
            #expect(try client.uploaded("abc")["state"] == "ACTIVE")
            try client.setScript(#"{"rules":[{"match":"plan","fault":{"kind":"failedFile"}}]}"#)
            let file = try client.uploaded("abc")
            #expect(file["state"] == "FAILED" && file["error"]?["code"] == 3)
            // A fault for files leaves prompts alone.
            #expect(try client.stream("plan").status == 200)
        }
    }

    @Test("lists come in pages, the youngest file first")
    func pages() async throws {
        try await withSimulator { client in
            #expect(try client.request("GET", "/v1beta/files").text == "{}")
            let names = try (0..<5).map { _ in try client.uploaded("abc")["name"]?.string }
            var listed: [String?] = []
            var token = ""
            repeat {
                let page = try client.request("GET", "/v1beta/files?pageSize=2&pageToken=\(token)").json()
                listed += try #require(page["files"]?.array).map { $0["name"]?.string }
                token = page["nextPageToken"]?.string ?? ""
            } while !token.isEmpty
            #expect(listed == names.reversed())
            #expect(try client.request("GET", "/v1beta/files?pageToken=x").status == 400)
            let models = try client.request("GET", "/v1beta/models?pageSize=1").json()
            #expect(models["models"]?.array?.count == 1 && models["nextPageToken"] != nil)
        }
    }
}
