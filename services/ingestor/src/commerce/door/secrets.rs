//! The secrets that a module signs its webhooks with: the one in force, and for a while the one before it.
//!
//! A secret is changed in two places, one after the other. In the meantime both secrets are believed.

use std::sync::Arc;

use pipeline::secret::Secret;
use tokio::sync::watch;

/// Secrets that may change while the service runs. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Arc<watch::Sender<Held>>);

#[derive(Debug, Default)]
struct Held {
    current: Secret,
    /// Until when it is believed, milliseconds since the epoch.
    previous: Option<(Secret, u64)>,
}

impl Secrets {
    /// `current`, and the one before it with the moment until which it is believed, milliseconds since the epoch.
    pub fn new(current: Secret, previous: Option<(Secret, u64)>) -> Self {
        Self(Arc::new(watch::Sender::new(Held { current, previous })))
    }

    /// Believes these from now on, and no others.
    pub fn change(&self, current: Secret, previous: Option<(Secret, u64)>) {
        self.0.send_replace(Held { current, previous });
    }

    /// True when no secret is in force.
    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().current.is_empty()
    }

    /// Calls `each` now and after each change.
    pub(super) async fn follow(&self, each: impl Fn()) {
        let mut news = self.0.subscribe();
        each();
        while news.changed().await.is_ok() {
            each();
        }
    }

    /// Those that are believed at `now`, milliseconds since the epoch; the one in force first.
    pub(super) fn believed(&self, now: u64) -> Vec<Secret> {
        let held = self.0.borrow();
        let previous = held.previous.iter().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
        std::iter::once(&held.current).chain(previous).filter(|secret| !secret.is_empty()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_before_is_believed_for_a_while() {
        let shown = |secrets: &Secrets, now| -> Vec<String> {
            secrets.believed(now).iter().map(|secret| secret.expose().to_string()).collect()
        };
        let secrets = Secrets::new(Secret::new("one"), None);
        assert_eq!((shown(&secrets, 5), secrets.is_empty()), (vec!["one".to_owned()], false));
        secrets.clone().change(Secret::new("two"), Some((Secret::new("one"), 10)));
        assert_eq!(shown(&secrets, 9), ["two", "one"]);
        assert_eq!(shown(&secrets, 10), ["two"]);
        secrets.change(Secret::default(), None);
        assert!(shown(&secrets, 9).is_empty() && secrets.is_empty());
    }
}
