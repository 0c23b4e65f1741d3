/// What the options of Vertex AI and the environment come to; nothing is read or asked yet.
struct VertexSettings: Sendable, Equatable {
    /// What authorises the requests.
    enum Admission: Sendable, Equatable {
        case key(String)
        case credentials(GoogleCredentials)
        /// A gateway signs in by itself.
        case gateway
    }

    let admission: Admission
    /// `nil` in express mode and for gateways, whose paths have none, or if the credentials are to name it.
    let project: String?
    let location: String
    let baseURL: String

    /// Decides between arguments and environment (protocol, section 2).
    ///
    /// - Parameters:
    ///   - options: The caller's.
    ///   - baseURL: The caller's, if there is one.
    ///   - environment: Where everything else comes from.
    /// - Throws: ``GenAIError/invalidCall(_:)`` if a name could lead to another host or path.
    init(_ options: VertexOptions, baseURL: String?, environment: Environment) throws(GenAIError) {
        let givenProject = options.project.nonBlank
        let givenLocation = options.location.nonBlank
        let knownProject = givenProject ?? environment["GOOGLE_CLOUD_PROJECT"]
        let customURL = baseURL ?? environment.baseURL(of: .vertex)
        // Who names a place, here or in full in the environment, wants to sign in there: the key is for something else.
        let isPlaceNamed =
            givenProject != nil || givenLocation != nil
            || environment["GOOGLE_CLOUD_PROJECT"] != nil && environment["GOOGLE_CLOUD_LOCATION"] != nil
        switch options.credentials {
        case .apiKey(let key)?:
            admission = .key(try APIKey(key) { _ in nil }.text)
            project = givenProject
        case let credentials?:
            admission = .credentials(credentials)
            project = knownProject
        case nil:
            if !isPlaceNamed, let key = environment.apiKey {
                admission = .key(try APIKey(key) { _ in nil }.text)
                project = nil
            } else if customURL != nil, knownProject == nil {
                admission = .gateway
                project = nil
            } else {
                admission = .credentials(.applicationDefault)
                project = knownProject
            }
        }
        location = givenLocation ?? environment["GOOGLE_CLOUD_LOCATION"] ?? "global"
        try Self.check(location, "location", also: "")
        if let project {
            try Self.check(project, "project", also: ".:")
        }
        let isExpress = if case .key = admission { project == nil } else { false }
        self.baseURL = customURL ?? "https://\(Self.host(for: isExpress ? "global" : location))"
    }

    /// The host that serves a location.
    static func host(for location: String) -> String {
        switch location {
        case "global": "aiplatform.googleapis.com"
        case "us", "eu": "aiplatform.\(location).rep.googleapis.com"
        default: "\(location)-aiplatform.googleapis.com"
        }
    }

    /// Names of projects and locations become parts of a host and a path.
    static func check(_ name: String, _ what: String, also characters: String) throws(GenAIError) {
        let isName = name.utf8.allSatisfy { byte in
            byte >= 0x61 && byte <= 0x7A || byte >= 0x30 && byte <= 0x39 || byte == UInt8(ascii: "-")
                || characters.utf8.contains(byte)
        }
        guard isName, !name.isEmpty, !name.contains("..") else {
            throw .invalidCall(
                "\"\(name)\" is no \(what) of Google Cloud; \(what)s are written with lower-case letters, digits and hyphens"
            )
        }
    }
}

extension String? {
    /// The text without white space around it, if there is any.
    var nonBlank: String? {
        let text = self?.trimmingWhitespace
        return text?.isEmpty == false ? text : nil
    }
}
