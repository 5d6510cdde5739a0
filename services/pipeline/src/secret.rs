//! A secret in memory: sealed under a key that this process draws for itself, and in clear only while it is used.
//!
//! A person who can read a process's memory can find that key too; but the secret is no string in a core dump, a swap
//! file or a log line. The binary's allocator overwrites memory that is freed.

use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::vault::cipher;

static KEY: LazyLock<Zeroizing<[u8; 32]>> = LazyLock::new(cipher::random_key);
const PURPOSE: &[u8] = b"in memory";

/// A text that is nobody's business. Cheap to clone.
#[derive(Clone, Default)]
pub struct Secret {
    /// Empty for an empty text.
    sealed: Arc<[u8]>,
}

impl Secret {
    /// Seals `text`; the caller clears its own copy.
    pub fn new(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        match cipher::seal(&KEY, PURPOSE, text.as_bytes()) {
            Ok(sealed) => Self { sealed: sealed.into() },
            // The cipher refuses nothing but lengths that no memory holds.
            Err(_) => damaged(),
        }
    }

    /// Returns true when there is none.
    pub fn is_empty(&self) -> bool {
        self.sealed.is_empty()
    }

    /// The text, cleared when it is dropped.
    pub fn expose(&self) -> Zeroizing<String> {
        if self.is_empty() {
            return Zeroizing::default();
        }
        let Ok(plain) = cipher::open(&KEY, PURPOSE, &self.sealed) else { damaged() };
        match String::from_utf8(plain) {
            Ok(text) => Zeroizing::new(text),
            Err(_) => damaged(),
        }
    }
}

/// Ends the process: a secret that it has sealed itself does not open, so its memory is damaged. An empty text in its
/// place would be used as a password, or as the key of a signature.
fn damaged() -> ! {
    tracing::error!("a secret in this process's memory cannot be opened: the memory is damaged, and the process ends");
    std::process::abort()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "Secret(none)" } else { "Secret(…)" })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret::new(text))
            }

            fn visit_string<E>(self, text: String) -> Result<Secret, E> {
                Ok(Secret::new(&Zeroizing::new(text)))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_hidden_comes_back_and_shows_nowhere() {
        let secret = Secret::new("tsch, tsch");
        assert_eq!(*secret.expose(), "tsch, tsch");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert!(!secret.sealed.windows(4).any(|four| four == b"tsch"));
        assert!(Secret::new("").is_empty() && Secret::default().expose().is_empty());
    }

    #[test]
    fn a_setting_is_hidden_as_it_is_read() {
        #[derive(Deserialize)]
        struct Settings {
            password: Secret,
        }
        let settings: Settings = toml::from_str("password = \"a\\\"b\"").unwrap();
        assert_eq!(*settings.password.expose(), "a\"b");
    }
}
