// Settings, schemas and everything the server says are JSON values: who imports GenAI can name and write them.
@_exported public import JSON
