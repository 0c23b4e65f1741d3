/// Names of caches as callers write them and as requests need them.
enum CachedContentName {
    private static let collection = "cachedContents/"

    /// The resource that a cache's name means.
    ///
    /// - Parameters:
    ///   - name: `123`, `cachedContents/123`, or a full resource name.
    ///   - projectPath: `projects/P/locations/L/` on Vertex AI; empty elsewhere, and where the server knows the project.
    /// - Returns: The resource; a name of another form as it is.
    static func resource(_ name: String, below projectPath: String) -> String {
        if name.hasPrefix(collection) { return projectPath + name }
        return name.isEmpty || name.contains("/") ? name : projectPath + collection + name
    }
}
