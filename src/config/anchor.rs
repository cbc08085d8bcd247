//! Where paths of the settings start: those in the file at its folder, so that a command means the
//! same wherever it is typed; those of variables where the program was started.

use std::path::{Path, PathBuf, absolute};

use super::{Config, Origin, Program};

/// The data of a server whose settings are below `/etc`, where no data belongs.
const SYSTEM_DATA: &str = "/var/lib/dassie";

/// Where the data of a server are whose settings, in this file, do not say it.
pub fn usual_data_dir(file: &Path) -> PathBuf {
    let file = absolute(file).unwrap_or_else(|_| file.to_owned());
    if file.starts_with("/etc") { SYSTEM_DATA.into() } else { file.with_file_name("data") }
}

impl Config {
    /// With absolute paths.
    pub(super) fn anchored(mut self) -> Self {
        let file = self.file.as_deref().and_then(|file| absolute(file).ok());
        let folder = file.as_deref().and_then(Path::parent).map(Path::to_owned);
        if let Some(file) = &file
            && !self.origins.contains_key("storage.data_dir")
        {
            self.storage.data_dir = usual_data_dir(file);
        }
        let paths = [
            ("storage.data_dir", Some(&mut self.storage.data_dir)),
            ("media.cache_dir", self.media.cache_dir.as_mut()),
            ("media.ffmpeg", own_path(&mut self.media.ffmpeg)),
            ("media.heif_convert", own_path(&mut self.media.heif_convert)),
            ("backup.folder", self.backup.folder.as_mut()),
            ("tls.cert", self.tls.cert.as_mut()),
            ("tls.key", self.tls.key.as_mut()),
            ("pages.custom_css", self.pages.custom_css.as_mut()),
            ("network.extra_ca_file", self.network.extra_ca_file.as_mut()),
        ];
        for (key, path) in paths {
            let Some(path) = path else { continue };
            let origin = self.origins.get(key);
            let start = folder.as_deref().filter(|_| matches!(origin, Some(Origin::File { .. })));
            let whole = start.map_or_else(|| path.clone(), |start| start.join(&*path));
            // without `./` in the middle; where there is no current folder it stays as it is
            *path = absolute(&whole).unwrap_or(whole);
        }
        self
    }
}

/// The path of a program; a name alone is looked for where programs are.
fn own_path(program: &mut Program) -> Option<&mut PathBuf> {
    match program {
        Program::At(path) if path.components().count() > 1 => Some(path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Mode;

    #[test]
    fn paths_start_where_they_were_written() {
        let folder = std::env::temp_dir().join(format!("dassie-anchor-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("a.toml");
        let text = "[server]\nhost = \"a.example\"\n[media]\ncache_dir = \"./cache\"\nffmpeg = \"ffmpeg\"\n\
                    heif_convert = \"bin/heif\"\n[tls]\nkey = \"/etc/key\"\n";
        std::fs::write(&file, text).unwrap();
        let from_env = [("DASSIE_BACKUP_FOLDER".to_owned(), "backups".to_owned())];
        let config = Config::load(Some(&file), from_env.into_iter(), Mode::Real).unwrap();
        assert_eq!(config.storage.data_dir, folder.join("data"));
        assert_eq!(config.media.cache_dir, Some(folder.join("cache")));
        assert_eq!(config.media.ffmpeg, Program::At("ffmpeg".into()));
        assert_eq!(config.media.heif_convert, Program::At(folder.join("bin/heif")));
        assert_eq!(config.tls.key.as_deref(), Some(Path::new("/etc/key")));
        let here = std::env::current_dir().unwrap();
        assert_eq!(config.backup.folder, Some(here.join("backups")));
        std::fs::remove_dir_all(folder).unwrap();

        let data = |file: &str| usual_data_dir(Path::new(file));
        assert_eq!(data("/etc/dassie/dassie.toml"), Path::new("/var/lib/dassie"));
        assert_eq!(data("dassie.toml"), here.join("data"));
        assert_eq!(data("../dassie.toml"), here.join("..").join("data"));
    }
}
