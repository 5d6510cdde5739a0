//! The settings of several connections: what is common stands once, and what a connection has of its own overrides it.
//!
//! A connection stands as a section `[connections.NAME]` in the settings file, or as a file `NAME.toml` in the folder
//! that `connections_dir` names, with the keys of the top level. `ML__CONNECTIONS__NAME__SECTION__KEY` overrides one of
//! them. Without any, the file is that of the one connection that `connection` names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat};

use super::{Merged, Sources, build, held_by_a_file, invalid, meant, read_table};
use problem::{Code, Problem};

/// The section of the settings file that holds connections.
pub(super) const SECTION: &str = "connections";
/// Prefix of the variables of connections.
pub(super) const PREFIX: &str = "ML__CONNECTIONS__";
/// The key that names the folder of connections.
const FOLDER: &str = "connections_dir";
/// The key that names the connection of a file without sections.
const NAME: &str = "connection";
/// Longest name of a connection.
const LONGEST: usize = 40;

/// Sections and keys that belong to the whole installation, and can be of no connection.
const SHARED: [&str; 7] = ["log", "admin", "vault", NAME, SECTION, FOLDER, "connections_reload"];

/// The settings of an installation.
#[derive(Debug, Clone)]
pub struct Whole {
    /// The settings that are common.
    pub common: Merged,
    /// Each connection's, or what is wrong with them, by its name.
    pub connections: BTreeMap<String, Result<Own, Problem>>,
    /// True when connections have sections or files; false for the one connection of a file without any.
    pub several: bool,
    /// Files and folders that they were read from.
    pub files: Vec<PathBuf>,
}

/// The settings in force for a connection.
#[derive(Debug, Clone)]
pub struct Own {
    /// All of them.
    pub merged: Merged,
    /// Those that are its own.
    own: toml::Table,
    /// Keys that variables set for it.
    variables: Vec<String>,
    /// The file where those stand.
    pub file: Option<PathBuf>,
}

impl Own {
    /// Returns true when a file or a variable sets `section.key` for this connection alone.
    pub fn sets(&self, section: &str, key: &str) -> bool {
        self.names(section, key) || self.variables.contains(&format!("{section}.{key}"))
    }

    /// Returns true when the connection's section or file names `section.key`.
    pub fn names(&self, section: &str, key: &str) -> bool {
        self.own.get(section).and_then(|section| section.get(key)).is_some()
    }
}

impl Sources<'_> {
    /// Merges the sources for the installation and for each of its connections.
    ///
    /// # Errors
    /// `SETTINGS_UNREADABLE` and `SETTINGS_INVALID` for what is common. What is wrong with one connection stands with
    /// it.
    pub fn whole(&self) -> Result<Whole, Problem> {
        let file = self.read()?;
        let common = self.merge(&file)?;
        let (mut files, known) = (Vec::from_iter(self.file.clone()), self.known()?);
        let mut own = self.sections(&file)?;
        if let Some(folder) = self.folder(&common)? {
            self.add_files(&folder, &mut own)?;
            files.push(folder);
        }
        let table = common.table()?;
        let named = table.get(NAME).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let several = !own.is_empty();
        let is_explicit = file.contains_key(NAME) || self.environment.contains_key("ML__CONNECTION");
        if several && is_explicit && !own.contains_key(&named) {
            let sentence = format!(
                "connection = \"{named}\" names a connection that has no section, while {} have one",
                own.keys().cloned().collect::<Vec<_>>().join(", ")
            );
            let remedy = format!("add [connections.{named}], which may be empty, or remove `connection`");
            return Err(Problem::new(Code::SettingsInvalid, sentence, remedy));
        }
        if !several {
            own.insert(named, Ok((toml::Table::new(), None)));
        }
        let mut variables = self.variables(&own)?;
        let mut connections = BTreeMap::new();
        for (name, own) in own {
            let variables = variables.remove(&name).unwrap_or_default();
            let merged = own.and_then(|(own, file)| over(&common, &known, (&name, several), own, file, &variables));
            connections.insert(name, merged);
        }
        Ok(Whole { common, connections, several, files })
    }

    /// The sections of the settings file.
    fn sections(&self, file: &toml::Table) -> Result<Connections, Problem> {
        let mut found = Connections::new();
        let Some(section) = file.get(SECTION) else { return Ok(found) };
        let wrong =
            |what: String| Problem::new(Code::SettingsInvalid, what, "write [connections.NAME] for each connection");
        let sections = section.as_table().ok_or_else(|| wrong("`connections` is no section".to_owned()))?;
        for (name, section) in sections {
            is_name(name)?;
            let section = section.as_table().ok_or_else(|| wrong(format!("`connections.{name}` is no section")))?;
            found.insert(name.clone(), Ok((section.clone(), self.file.clone())));
        }
        Ok(found)
    }

    /// The folder of connections' files, if one is named.
    fn folder(&self, common: &Merged) -> Result<Option<PathBuf>, Problem> {
        let table = common.table()?;
        let folder = table.get(FOLDER).and_then(toml::Value::as_str).filter(|folder| !folder.is_empty());
        let beside = self.file.as_deref().and_then(Path::parent).unwrap_or_else(|| Path::new(""));
        Ok(folder.map(|folder| beside.join(folder)))
    }

    fn add_files(&self, folder: &Path, found: &mut Connections) -> Result<(), Problem> {
        let unreadable = |e: std::io::Error| {
            let sentence = format!("the folder {} of connections could not be read: {e}", folder.display());
            Problem::new(
                Code::SettingsUnreadable,
                sentence,
                "correct connections_dir, or let this user read the folder",
            )
        };
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let is_toml = path.extension().is_some_and(|end| end == "toml");
            let Some(name) = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| is_toml) else { continue };
            is_name(name)?;
            let read = read_table(&path).map(|table| (table, Some(path.clone())));
            if found.insert(name.to_owned(), read).is_some() {
                let sentence = format!("the connection `{name}` has a section and a file, {}", path.display());
                return Err(Problem::new(Code::SettingsInvalid, sentence, "keep one of the two"));
            }
        }
        Ok(())
    }

    /// The variables of each connection.
    fn variables(&self, own: &Connections) -> Result<BTreeMap<String, Vec<Variable>>, Problem> {
        let mut found: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (name, text) in &self.environment {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            let (connection, variable) = rest.split_once("__").unwrap_or((rest, ""));
            let meant = connection.to_lowercase().replace('_', "-");
            let Some(known) = own.keys().find(|known| known.to_lowercase().replace('_', "-") == meant) else {
                let sentence = format!("{name} is for a connection that does not exist: {meant}");
                let known = own.keys().cloned().collect::<Vec<_>>().join(", ");
                return Err(Problem::new(Code::SettingsInvalid, sentence, format!("the connections are: {known}")));
            };
            found.entry(known.clone()).or_default().push((name.clone(), variable.to_owned(), text.clone()));
        }
        Ok(found)
    }
}

/// A variable of a connection: its whole name, the part behind the connection's, its value.
type Variable = (String, String, String);

/// Settings of their own that connections have, and the file where they stand; or the problem with them.
type Connections = BTreeMap<String, Result<(toml::Table, Option<PathBuf>), Problem>>;

/// Puts a connection's own settings over what is common.
fn over(
    common: &Merged,
    known: &toml::Table,
    (name, several): (&str, bool),
    own: toml::Table,
    file: Option<PathBuf>,
    variables: &[Variable],
) -> Result<Own, Problem> {
    let at = file.as_deref().map_or_else(String::new, |file| format!(", from {}", file.display()));
    let origin = if several { format!(" (connection `{name}`{at} or the environment)") } else { common.origin.clone() };
    let of_all = |key: &str| SHARED.contains(&key).then(|| shared(key, &origin));
    if let Some(problem) = own.keys().find_map(|key| of_all(key)) {
        return Err(problem);
    }
    for (_, variable, _) in variables {
        let section = variable.split("__").next().unwrap_or_default().to_lowercase();
        if let Some(problem) = of_all(&section) {
            return Err(problem);
        }
    }
    let builder = Config::builder().add_source(common.config.clone());
    let builder = builder.add_source(File::from_str(&own.to_string(), FileFormat::Toml));
    let builder = builder.set_override(NAME, name).map_err(|e| invalid(&e.to_string(), &origin))?;
    let keys =
        variables.iter().map(|(_, variable, _)| meant(known, held_by_a_file(known, variable).unwrap_or(variable)).0);
    let keys = keys.collect();
    let variables = variables.iter().map(|(name, variable, text)| (name.as_str(), variable.as_str(), text.as_str()));
    let config = build(builder, known, variables, &origin)?;
    Ok(Own { merged: Merged { config, origin }, own, variables: keys, file })
}

fn shared(key: &str, origin: &str) -> Problem {
    let sentence = format!("`{key}` belongs to the whole installation and cannot be set for one connection{origin}");
    Problem::new(Code::SettingsInvalid, sentence, format!("set `{key}` at the top level of the settings file"))
}

/// Refuses a name that does not stand in a subject as it is.
fn is_name(name: &str) -> Result<(), Problem> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = name.starts_with('-') || name.ends_with('-');
    if !name.is_empty() && name.len() <= LONGEST && !ends && name.bytes().all(is_plain) {
        return Ok(());
    }
    let sentence = format!("`{name}` is no name for a connection");
    let remedy = "use lower-case letters, digits and hyphens, at most 40, and no hyphen at either end";
    Err(Problem::new(Code::SettingsInvalid, sentence, remedy))
}

#[cfg(test)]
mod tests;
