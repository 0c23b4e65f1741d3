/// What the checkpoint keeps of a job itself, so that it can be resumed from the checkpoint alone.
package struct StoredJob: Sendable, Equatable {
    package var name: String
    /// The job file.
    package var path: String
    /// Where the relative paths in it start.
    package var folder: String
    /// The text of the job file.
    package var yaml: String
    /// What tells whether its items can be other ones now, without reading them; `nil` if nothing does.
    package var inputs: [UInt8]?

    package init(name: String, path: String, folder: String, yaml: String, inputs: [UInt8]? = nil) {
        self.name = name
        self.path = path
        self.folder = folder
        self.yaml = yaml
        self.inputs = inputs
    }
}
