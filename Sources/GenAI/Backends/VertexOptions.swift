/// Where in Google Cloud the models of Vertex AI answer, and on whose account.
public struct VertexOptions: Sendable, Hashable {
    /// The project's ID.
    ///
    /// `nil` takes `GOOGLE_CLOUD_PROJECT`, else the project that the credentials name.
    public var project: String?
    /// A region such as `europe-west4`, a multi-region (`us`, `eu`), or `global`.
    ///
    /// `nil` takes `GOOGLE_CLOUD_LOCATION`, else `global`. The newest models are not in every region.
    public var location: String?
    /// What authorises the requests.
    ///
    /// `nil` takes an API key from the environment if no project is named there or here (express mode), else
    /// ``GoogleCredentials/applicationDefault``.
    public var credentials: GoogleCredentials?

    /// Options; what is `nil` is taken from the environment.
    public init(project: String? = nil, location: String? = nil, credentials: GoogleCredentials? = nil) {
        self.project = project
        self.location = location
        self.credentials = credentials
    }
}

/// What proves to Google Cloud who is asking.
public enum GoogleCredentials: Sendable, Hashable {
    /// The application default credentials: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, else the one that
    /// `gcloud auth application-default login` writes, else the service account of the machine.
    case applicationDefault
    /// A credentials file: the key of a service account, or what `gcloud auth application-default login` writes.
    case file(String)
    /// An API key of Google Cloud; without a project this is Vertex AI's express mode.
    case apiKey(String)
}

extension GoogleCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Never the key itself.
    public var description: String {
        switch self {
        case .applicationDefault: "application default credentials"
        case .file(let path): "the credentials file \(path)"
        case .apiKey: "an API key"
        }
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
