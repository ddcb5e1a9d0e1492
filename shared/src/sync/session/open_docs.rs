//! What a session knows of the documents of its connection.
