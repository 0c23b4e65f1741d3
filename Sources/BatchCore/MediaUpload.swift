/// A medium that the server keeps for a while, so that requests refer to it instead of carrying its bytes.
package struct MediaUpload: Sendable, Equatable {
    /// What is uploaded once: equal bytes of one type for one account, whatever their files are called.
    package struct Key: Sendable, Hashable {
        /// Of the bytes, in hexadecimal.
        package var sha256: String
        /// For example `video/mp4`.
        package var mimeType: String
        /// Tells servers and keys apart: what one key has uploaded another one may not read.
        ///
        /// It does not reveal the key.
        package var account: String

        package init(sha256: String, mimeType: String, account: String) {
            self.sha256 = sha256
            self.mimeType = mimeType
            self.account = account
        }
    }

    package var key: Key
    /// The server's name for it, for example `files/abc-123`.
    package var name: String
    /// What requests refer to.
    package var uri: String
    /// In bytes.
    package var size: Int
    /// When the server deletes it, in Unix time.
    package var expiresAtMilliseconds: Int64

    package init(key: Key, name: String, uri: String, size: Int, expiresAtMilliseconds: Int64) {
        self.key = key
        self.name = name
        self.uri = uri
        self.size = size
        self.expiresAtMilliseconds = expiresAtMilliseconds
    }
}
