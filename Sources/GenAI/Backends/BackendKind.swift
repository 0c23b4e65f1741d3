/// Which of Google's two servers for the same models: the Gemini API, or Vertex AI of Google Cloud.
package enum BackendKind: Sendable { case geminiAPI, vertex }
