//! What SQLite's errors mean to who called.

use store::StoreError;

/// Primary result codes of SQLite: the low byte of the extended ones.
mod code {
    pub const CORRUPT: i32 = 11;
    pub const CONSTRAINT: i32 = 19;
    pub const NOT_A_DATABASE: i32 = 26;
}

/// Turns what the driver says into what the store says.
pub(crate) trait Told<T> {
    fn told(self) -> store::Result<T>;
}

impl<T> Told<T> for Result<T, sqlx::Error> {
    fn told(self) -> store::Result<T> {
        self.map_err(|error| tell(&error))
    }
}

/// Everything that is not plainly a fault of the data is a fault of the moment: disk full, locked, I/O error.
pub(crate) fn tell(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(database) => {
            let message = database.message().to_owned();
            match primary_code(error) {
                Some(code::CORRUPT | code::NOT_A_DATABASE) => StoreError::Corrupt(message),
                Some(code::CONSTRAINT) => StoreError::Conflict(message),
                _ => StoreError::Unavailable(message),
            }
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound => {
            StoreError::Corrupt(error.to_string())
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}
