//! The settings of every connection of an installation.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use pipeline::settings::Sources;
use pipeline::settings::connections::{Own, Whole};
use problem::{Code, Problem};

use super::{DEFAULT, Settings, together};

/// A connection's name, and its settings or what is wrong with them.
pub(crate) type Named = (String, Result<Settings, Problem>);

/// The settings of every connection.
#[derive(Debug, Clone)]
pub struct Connections {
    /// Common settings, as those of a connection that has nothing of its own.
    pub common: Settings,
    all: BTreeMap<String, Result<Settings, Problem>>,
    whole: Whole,
}

impl Connections {
    /// Reads the defaults, the settings file, the environment, and what each connection has of its own.
    ///
    /// # Errors
    /// `SETTINGS_UNREADABLE` and `SETTINGS_INVALID` for what is common, with the key and the nearest known one, and
    /// `CONNECTIONS_CLASH` when two cannot live together. What is wrong with one connection stands with it.
    pub fn load(file: Option<&Path>) -> Result<Self, Problem> {
        let whole = Sources::process(DEFAULT, file.map(Path::to_owned)).whole()?;
        let mut common: Settings = whole.common.load()?;
        common.mapping.file = beside(file, &common.mapping.file);
        let of = |own: &Result<Own, Problem>| own.as_ref().map_err(Clone::clone).and_then(|own| read(own, file));
        let all: BTreeMap<_, _> = whole.connections.iter().map(|(name, own)| (name.clone(), of(own))).collect();
        together::check(all.values().filter_map(|settings| settings.as_ref().ok()))?;
        Ok(Self { common, all, whole })
    }

    /// Returns true when connections have sections or files of their own.
    pub fn are_several(&self) -> bool {
        self.whole.several
    }

    /// The connections that are named, or all: each one's settings, or what is wrong with them.
    ///
    /// # Errors
    /// `CONNECTION_UNKNOWN`.
    pub(crate) fn named(&self, names: &[String]) -> Result<Vec<Named>, Problem> {
        if let Some(unknown) = names.iter().find(|name| !self.all.contains_key(*name)) {
            let sentence = format!("there is no connection `{unknown}` in the settings");
            return Err(Problem::new(Code::ConnectionUnknown, sentence, format!("name one of: {}", self.names())));
        }
        let is_meant = |name: &String| names.is_empty() || names.contains(name);
        let meant = self.all.iter().filter(|(name, _)| is_meant(name));
        Ok(meant.map(|(name, settings)| (name.clone(), settings.clone())).collect())
    }

    /// The settings of the connections that are named, or of all.
    ///
    /// # Errors
    /// As [`Connections::named`], and what is wrong with one of them.
    pub fn some(&self, names: &[String]) -> Result<Vec<Settings>, Problem> {
        self.named(names)?.into_iter().map(|(_, settings)| settings).collect()
    }

    /// The settings of the one connection that is named, or that there is.
    ///
    /// # Errors
    /// As [`Connections::some`], and `CONNECTION_NOT_NAMED`.
    pub fn one(&self, names: &[String]) -> Result<Settings, Problem> {
        let mut meant = self.named(names)?;
        match (meant.pop(), meant.is_empty()) {
            (Some((_, settings)), true) => settings,
            _ => {
                let sentence = format!("this verb works on one connection, and there are: {}", self.names());
                Err(Problem::new(Code::ConnectionNotNamed, sentence, "name one with --connection NAME"))
            }
        }
    }

    /// Their names, with commas.
    fn names(&self) -> String {
        self.all.keys().cloned().collect::<Vec<_>>().join(", ")
    }

    /// Returns the settings in force, secrets masked: of the whole installation, or of one connection.
    ///
    /// # Errors
    /// As [`Connections::one`].
    pub fn masked(&self, names: &[String]) -> Result<toml::Table, Problem> {
        let of = |name: &str| match self.whole.connections.get(name) {
            Some(Ok(own)) => own.merged.masked(),
            Some(Err(problem)) => Err(problem.clone()),
            None => self.whole.common.masked(),
        };
        if !names.is_empty() || !self.are_several() {
            return of(&self.one(names)?.connection);
        }
        let mut table = self.whole.common.masked()?;
        let mut connections = toml::Table::new();
        for name in self.all.keys() {
            let mut own = of(name)?;
            own.retain(|key, value| key != "connection" && table.get(key) != Some(value));
            connections.insert(name.clone(), toml::Value::Table(own));
        }
        table.insert("connections".to_owned(), toml::Value::Table(connections));
        Ok(table)
    }

    /// A digest of all that is in force for a connection, and of its mapping file.
    pub fn digest(&self, name: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self.whole.connections.get(name) {
            Some(Ok(own)) => own.merged.table().map(|table| table.to_string()).ok().hash(&mut hasher),
            Some(Err(problem)) => problem.to_string().hash(&mut hasher),
            None => {}
        }
        if let Some(Ok(settings)) = self.all.get(name) {
            std::fs::read(&settings.mapping.file).ok().hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The files and folders that all of this was read from.
    pub fn files(&self) -> Vec<PathBuf> {
        let mapping = self.all.values().filter_map(|settings| Some(settings.as_ref().ok()?.mapping.file.clone()));
        self.whole.files.iter().cloned().chain(mapping).collect()
    }
}

fn read(own: &Own, file: Option<&Path>) -> Result<Settings, Problem> {
    let mut settings: Settings = own.merged.load()?;
    // The file that names it, which may be the connection's own.
    let named_in = if own.names("mapping", "file") { own.file.as_deref() } else { file };
    settings.mapping.file = beside(named_in, &settings.mapping.file);
    settings.nats.is_own = ["url", "user", "password", "creds"].iter().any(|key| own.sets("nats", key));
    Ok(settings)
}

/// A path that stands in `file`.
fn beside(file: Option<&Path>, path: &Path) -> PathBuf {
    file.and_then(Path::parent).map_or_else(|| path.to_owned(), |folder| folder.join(path))
}
