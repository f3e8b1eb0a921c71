//! Measures the readers of superblocks and partition tables against `blkid -p` and
//! `sfdisk`: made images, whole and cut. Not a test.
//!
//! `superblocks FILE...` prints, for each image, each device with its tags.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measuring program for the terminal"
)]

use std::path::Path;

use comeback::facts::devices::Devices;
use comeback::source::open_given;
use comeback::time::Deadline;

fn main() {
    for path in std::env::args().skip(1) {
        let image = open_given(Path::new(&path), Deadline::none()).expect("an image");
        let devices = Devices::from_images(&[(path, image)]);
        for device in &devices.items {
            println!("{}", device.shown());
        }
    }
}
