//! The manifest of a run, and the runs in a folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::file::{Lines, digest};
use super::{ArchiveError, Mark};

/// Version of the form of an archive.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// Says that all of it was purged; it is written last.
const PURGED: &str = "purged.json";
/// Name of a folder while it is written.
const PART: &str = "part";

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct File {
    /// The stream that its entries stood in.
    pub stream: String,
    /// Its name.
    pub file: String,
    /// Entries in it.
    pub entries: u64,
    /// Bytes of its lines.
    pub bytes: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// SHA-256 of its lines, hex: it stays when the file is compressed anew.
    pub content_sha256: String,
    /// Its first entry.
    pub first: Option<Mark>,
    /// Its last entry.
    pub last: Option<Mark>,
}

impl File {
    pub(super) fn note(&mut self, mark: Mark, bytes: u64) {
        self.entries += 1;
        self.bytes += bytes;
        self.first = self.first.or(Some(mark));
        self.last = Some(mark);
    }
}

/// Contents of a run's archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the form.
    pub format: u32,
    /// The program's version.
    pub program: String,
    /// The connection.
    pub connection: String,
    /// The moment before which archived records were final.
    pub before: Timestamp,
    /// When the run was made.
    pub made: Timestamp,
    /// Orders with all that is of them.
    pub orders: u64,
    /// Orders that stayed, by reason.
    pub stay: BTreeMap<String, u64>,
    /// The files.
    pub files: Vec<File>,
}

/// Mark that a run was purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    /// When it was complete.
    pub at: Timestamp,
    /// Entries that were purged by the last command that worked on it.
    pub entries: u64,
    /// Milliseconds that this took.
    pub millis: u64,
}

impl Manifest {
    /// The manifest of a run that is still to be written.
    #[must_use]
    pub fn new(connection: &str, before: Timestamp, made: Timestamp) -> Self {
        let (program, connection) = (env!("CARGO_PKG_VERSION").to_owned(), connection.to_owned());
        let (orders, stay, files) = (0, BTreeMap::new(), Vec::new());
        Self { format: FORMAT, program, connection, before, made, orders, stay, files }
    }

    /// Entries in all files.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.files.iter().map(|file| file.entries).sum()
    }
}

/// The folder of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The folder.
    pub folder: PathBuf,
    /// Manifest of the run: what is in the folder.
    pub manifest: Manifest,
    /// Mark that it was purged; none when it was not, or not all of it.
    pub purged: Option<Purged>,
}

impl Run {
    /// The folder in which the files of a run are written; it gets its name when it is complete. What an interrupted
    /// run left there is removed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn begin(to: &Path, manifest: &Manifest) -> Result<PathBuf, ArchiveError> {
        let folder = to.join(format!("{}.{PART}", manifest.connection));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(ArchiveError::io(&folder))?;
        }
        fs::create_dir_all(&folder).map_err(ArchiveError::io(&folder))?;
        Ok(folder)
    }

    /// Completes a run: the manifest is on disk, and then the folder has its name.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn complete(to: &Path, part: &Path, manifest: Manifest) -> Result<Self, ArchiveError> {
        write(part, MANIFEST, &manifest)?;
        let name = |moment: Timestamp| moment.strftime("%Y%m%dT%H%M%S").to_string();
        let folder = format!("{}-before-{}-made-{}", manifest.connection, name(manifest.before), name(manifest.made));
        let folder = to.join(folder);
        fs::rename(part, &folder).map_err(ArchiveError::io(&folder))?;
        sync(to)?;
        Ok(Self { folder, manifest, purged: None })
    }

    /// Says that all of it is purged.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn finish(&mut self, purged: Purged) -> Result<(), ArchiveError> {
        write(&self.folder, PURGED, &purged)?;
        self.purged = Some(purged);
        Ok(())
    }

    fn open(folder: &Path) -> Result<Option<Self>, ArchiveError> {
        let Some(manifest) = read::<Manifest>(&folder.join(MANIFEST))? else { return Ok(None) };
        if manifest.format != FORMAT {
            let why = format!("it has format {}, which this version does not know", manifest.format);
            return Err(ArchiveError::damaged(folder.join(MANIFEST), why));
        }
        Ok(Some(Self { folder: folder.to_owned(), manifest, purged: read(&folder.join(PURGED))? }))
    }

    /// Reads a file of it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn lines(&self, file: &File) -> Result<Lines, ArchiveError> {
        Lines::open(&self.folder.join(&file.file))
    }

    /// Reads every file to its end and holds it against the manifest: digests, counts, first and last entry.
    ///
    /// # Errors
    /// Names the first file that is not as it was written.
    pub fn verify(&self) -> Result<(), ArchiveError> {
        for file in &self.manifest.files {
            let path = self.folder.join(&file.file);
            if digest(&path)? != file.sha256 {
                return Err(ArchiveError::damaged(path, "its SHA-256 is not the one in the manifest"));
            }
            let (mut lines, mut found) = (self.lines(file)?, File::default());
            for entry in &mut lines {
                found.note(entry?.mark(), 0);
            }
            let is_whole = (found.entries, found.first, found.last) == (file.entries, file.first, file.last);
            if !is_whole || lines.digest() != file.content_sha256 {
                let why = format!("it holds {} entries, and the manifest says {}", found.entries, file.entries);
                return Err(ArchiveError::damaged(path, why));
            }
        }
        Ok(())
    }
}

/// The runs in a folder, oldest first.
///
/// # Errors
/// When it cannot be read, or a manifest in it is damaged.
pub fn runs(folder: &Path) -> Result<Vec<Run>, ArchiveError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(ArchiveError::io(folder))? {
        let path = entry.map_err(ArchiveError::io(folder))?.path();
        if path.is_dir() && path.extension().is_none_or(|extension| extension != PART) {
            all.extend(Run::open(&path)?);
        }
    }
    all.sort_by(|one, other| (one.manifest.made, &one.folder).cmp(&(other.manifest.made, &other.folder)));
    Ok(all)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ArchiveError> {
    match fs::read(path) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(read) => Ok(Some(read)),
            Err(e) => Err(ArchiveError::damaged(path, e.to_string())),
        },
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ArchiveError::Io { path: path.to_owned(), error }),
    }
}

/// Writes a small file so that it is there as a whole or not at all.
fn write<T: Serialize>(folder: &Path, name: &str, value: &T) -> Result<(), ArchiveError> {
    let (path, new) = (folder.join(name), folder.join(format!("{name}.{PART}")));
    let text =
        serde_json::to_string_pretty(value).map_err(|e| ArchiveError::Io { path: path.clone(), error: e.into() })?;
    let mut file = fs::File::create(&new).map_err(ArchiveError::io(&new))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(ArchiveError::io(&new))?;
    fs::rename(&new, &path).map_err(ArchiveError::io(&path))?;
    sync(folder)
}

fn sync(folder: &Path) -> Result<(), ArchiveError> {
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(ArchiveError::io(folder))
}
