// SPDX-License-Identifier: MIT
//! The program of sim/example/vmm.c, with the standard library of Rust alone: the same commands and
//! answers, without those for memory, processes and threads.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Error, Read};
use std::os::raw::{c_int, c_long, c_ulong, c_void};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::io::{AsRawFd, FromRawFd};

extern "C" {
    fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
    fn eventfd(count: u32, flags: c_int) -> c_int;
}

const NONBLOCK_CLOEXEC: c_int = 0o2004000;

const GET_API_VERSION: c_ulong = 0x3b64;
const SET_IOMMU: c_ulong = 0x3b66;
const GROUP_SET_CONTAINER: c_ulong = 0x3b68;
const GROUP_GET_DEVICE_FD: c_ulong = 0x3b6a;
const DEVICE_GET_INFO: c_ulong = 0x3b6b;
const DEVICE_SET_IRQS: c_ulong = 0x3b6e;
const DEVICE_FEATURE: c_ulong = 0x3b75;
const TYPE1V2_IOMMU: c_ulong = 3;

const FEATURE_SET: u32 = 1 << 17;
const ENTRY: u32 = 3;
const ENTRY_WITH_WAKEUP: u32 = 4;
const EXIT: u32 = 5;

const DATA_EVENTFD_ACTION_TRIGGER: u32 = 1 << 2 | 1 << 5;
const MSIX: u32 = 2;

fn negative(error: &Error) -> i64 {
    -i64::from(error.raw_os_error().unwrap_or(5))
}

fn result(r: c_int) -> i64 {
    if r < 0 {
        negative(&Error::last_os_error())
    } else {
        i64::from(r)
    }
}

fn new_eventfd() -> File {
    unsafe { File::from_raw_fd(eventfd(0, NONBLOCK_CLOEXEC)) }
}

fn take(file: &File) -> i64 {
    let mut count = [0; 8];
    match (&mut &*file).read(&mut count) {
        Ok(8) => i64::from_ne_bytes(count),
        _ => 0,
    }
}

#[derive(Default)]
struct Vmm {
    container: Option<File>,
    group: Option<File>,
    device: Option<File>,
    wakeup: Option<File>,
    eventfds: Vec<File>,
}

impl Vmm {
    fn device_ioctl(&self, request: c_ulong, arg: *mut c_void) -> i64 {
        let fd = self.device.as_ref().map_or(-1, |device| device.as_raw_fd());
        result(unsafe { ioctl(fd, request, arg) })
    }

    fn open(&mut self, address: &str) -> io::Result<i64> {
        let link = std::fs::read_link(format!("/sys/bus/pci/devices/{address}/iommu_group"))?;
        let number = link.file_name().unwrap().to_str().unwrap();
        let path = format!("/dev/vfio/{number}");
        if !std::fs::metadata(&path)?.file_type().is_char_device() {
            return Ok(-19);
        }
        let open = |path: &str| OpenOptions::new().read(true).write(true).open(path);
        let container = open("/dev/vfio/vfio")?;
        let group = open(&path)?;
        let mut fd = container.as_raw_fd();
        let name = CString::new(address).unwrap();
        unsafe {
            if ioctl(container.as_raw_fd(), GET_API_VERSION) != 0
                || ioctl(group.as_raw_fd(), GROUP_SET_CONTAINER, &mut fd) < 0
                || ioctl(container.as_raw_fd(), SET_IOMMU, TYPE1V2_IOMMU) < 0
            {
                return Err(Error::last_os_error());
            }
            let device = ioctl(group.as_raw_fd(), GROUP_GET_DEVICE_FD, name.as_ptr());
            if device < 0 {
                return Err(Error::last_os_error());
            }
            self.device = Some(File::from_raw_fd(device));
        }
        self.container = Some(container);
        self.group = Some(group);
        Ok(0)
    }

    fn low_power(&self, feature: u32) -> i64 {
        let wakeup = self.wakeup.as_ref().map_or(-1, |file| file.as_raw_fd());
        let mut request = [16u32, FEATURE_SET | feature, wakeup as u32, 0];
        self.device_ioctl(DEVICE_FEATURE, request.as_mut_ptr().cast())
    }

    fn set_irqs(&self, start: usize, fds: &[c_int]) -> i64 {
        let size = 20 + 4 * fds.len();
        let mut set = vec![size as u32, DATA_EVENTFD_ACTION_TRIGGER, MSIX, start as u32];
        set.push(fds.len() as u32);
        set.extend(fds.iter().map(|fd| *fd as u32));
        self.device_ioctl(DEVICE_SET_IRQS, set.as_mut_ptr().cast())
    }

    fn run(&mut self, command: &str, word: &str) -> i64 {
        let number = word.parse::<usize>().unwrap_or(0);
        match command {
            "open" => self.open(word).unwrap_or_else(|error| negative(&error)),
            "close" => {
                self.device = None;
                self.group = None;
                self.container = None;
                0
            }
            "info" => {
                let mut info = [20u32, 0, 0, 0, 0];
                let r = self.device_ioctl(DEVICE_GET_INFO, info.as_mut_ptr().cast());
                if r < 0 { r } else { i64::from(info[3]) }
            }
            "enter" => self.low_power(ENTRY),
            "enter-with-wakeup" => {
                self.wakeup.get_or_insert_with(new_eventfd);
                self.low_power(ENTRY_WITH_WAKEUP)
            }
            "exit" => self.low_power(EXIT),
            "wakes" => self.wakeup.as_ref().map_or(0, take),
            "irqs" => {
                self.eventfds = (0..number).map(|_| new_eventfd()).collect();
                let fds: Vec<_> = self.eventfds.iter().map(|file| file.as_raw_fd()).collect();
                self.set_irqs(0, &fds)
            }
            "mask" => self.set_irqs(number, &[-1]),
            "unmask" => {
                self.eventfds[number] = new_eventfd();
                self.set_irqs(number, &[self.eventfds[number].as_raw_fd()])
            }
            "bad-block" => {
                let fds = [self.eventfds[0].as_raw_fd(), 9999, self.eventfds[2].as_raw_fd()];
                self.set_irqs(0, &fds)
            }
            "count" => take(&self.eventfds[number]),
            _ => -38,
        }
    }
}

fn main() {
    let mut vmm = Vmm::default();
    assert_eq!(std::mem::size_of::<c_long>(), 8);
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let mut words = line.split_whitespace();
        if let Some(command) = words.next() {
            println!("{}", vmm.run(command, words.next().unwrap_or("")));
        }
    }
}
