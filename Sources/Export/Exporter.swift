/// Writes results in one format, one item after the other, so that memory does not grow with their number.
package protocol Exporter {
    /// Adds one item.
    ///
    /// - Throws: An ``ExportError`` if the destination cannot be written, or ``ExportEnd`` if nobody reads any more.
    mutating func write(_ row: ExportedRow) throws
}
