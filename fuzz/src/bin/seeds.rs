//! Writes the seeds of every target: `seeds FIXTURES CORPUS`.

use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(fixtures), Some(corpus)) = (words.next(), words.next()) else {
        return Err("usage: seeds FIXTURES CORPUS".into());
    };
    for (target, inputs) in comeback_fuzz::seeds::from_fixtures(&fixtures)? {
        let dir = corpus.join(target);
        fs::create_dir_all(&dir)?;
        for (number, input) in inputs.iter().enumerate() {
            fs::write(dir.join(format!("seed-{number:05}")), input)?;
        }
        println!("{target}: {} seeds", inputs.len());
    }
    Ok(())
}
