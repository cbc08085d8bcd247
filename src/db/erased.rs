//! A value whose type is left out while it goes from one thread to another. Queues and futures
//! that carry it are compiled once, not anew for each of some hundred closures.

use std::any::Any;

use crate::error::{Error, Result};

/// Some value; only who asked for it knows of what type.
pub struct Erased(Box<dyn Any + Send>);

impl Erased {
    pub fn new<T: Send + 'static>(value: T) -> Self {
        Self(Box::new(value))
    }

    /// The value again.
    ///
    /// # Errors
    /// An internal one if it is of another type.
    pub fn take<T: 'static>(self) -> Result<T> {
        match self.0.downcast() {
            Ok(value) => Ok(*value),
            Err(_) => Err(Error::internal("an answer of another type")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_as_what_it_was() {
        assert_eq!(Erased::new("text").take::<&str>().unwrap(), "text");
        assert!(Erased::new(1_u8).take::<u16>().is_err());
    }
}
