internal import BatchCore
internal import GenAI
internal import JobFiles

/// The prices that a job is run with.
enum PricesInForce {
    /// The shipped table, under the user's, under the job's.
    ///
    /// - Parameter job: The job's own; `nil` without a job.
    /// - Returns: The table.
    /// - Throws: A `JobFileError` with everything that is wrong with the user's table.
    static func table(_ job: Job?) throws -> PriceTable {
        var layers = [try PriceFile.shipped()]
        if let path = userPath(), let layer = try PriceFile.layer(path: path) {
            layers.append(layer)
        }
        return PriceTable(layers: layers + (job?.prices.layers ?? []))
    }

    /// Where the user's table is looked for, by the XDG base directory specification: relative folders do not count.
    private static func userPath(_ environment: Environment = .process) -> String? {
        let folder = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (folder ?? environment["HOME"].map { $0 + "/.config" }).map { $0 + "/genbatch/prices.yaml" }
    }
}
