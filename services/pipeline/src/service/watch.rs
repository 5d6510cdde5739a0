//! Notices that settings or mapping files have changed, by what they hold: a mounted folder may keep its times.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// A digest of what files hold, and of the files of settings in folders.
pub(super) fn digest(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in files {
        path.hash(&mut hasher);
        if path.is_dir() {
            inside(path).iter().for_each(|file| (file, std::fs::read(file).ok()).hash(&mut hasher));
        } else {
            std::fs::read(path).ok().hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "toml"));
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn what_files_hold_is_seen_and_what_is_beside_them_is_not() {
        let folder = std::env::temp_dir().join(format!("ml-watch-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("companies")).unwrap();
        let files = [folder.join("settings.toml"), folder.join("companies"), folder.join("mapping.toml")];
        std::fs::write(&files[0], "a = 1").unwrap();
        let first = digest(&files);
        std::fs::write(folder.join("companies/.no.toml.swp"), "x").unwrap();
        std::fs::write(&files[0], "a = 1").unwrap();
        assert_eq!(digest(&files), first);
        std::fs::write(folder.join("companies/no.toml"), "").unwrap();
        let second = digest(&files);
        assert_ne!(second, first, "a connection was added");
        std::fs::write(&files[2], "").unwrap();
        let third = digest(&files);
        assert_ne!(third, second, "a mapping file is there now");
        std::fs::write(&files[0], "a = 2").unwrap();
        assert_ne!(digest(&files), third);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
