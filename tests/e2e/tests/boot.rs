//! Boots.
use e2e::*;
#[test]
fn probe() {
    let t = std::time::Instant::now();
    let image = GuestImage::prepare().unwrap();
    eprintln!("image {:?}", t.elapsed());
    let mut vm = VmBuilder::new(ServerLibrary::of_the_environment().unwrap()).start(&image).unwrap();
    eprintln!("started {:?}", t.elapsed());
    vm.guest.booted(Deadline::seconds(90)).unwrap();
    eprintln!("booted {:?}", t.elapsed());
    eprintln!("{}", vm.guest.console().text());
    eprintln!(
        "{}",
        vm.guest
            .run("dmesg | tail -30; ls /dev/dri /dev/input; cat /proc/modules; ps", Deadline::seconds(20))
            .unwrap()
    );
    let mut client = vm.connect().unwrap();
    client.ready(Deadline::seconds(30)).unwrap();
    eprintln!("client {:?} {}", t.elapsed(), client.state().unwrap());
    let p = vm.same_picture(&mut client, Deadline::seconds(20)).unwrap();
    eprintln!("same {:?} {}x{} {}", t.elapsed(), p.width, p.height, p.colours());
    vm.qmp.screendump_png(std::path::Path::new("/tmp/vm-console.png")).unwrap();
    vm.guest.start("guest-program draw still --size 1024x768", Deadline::seconds(10)).unwrap();
    vm.guest.marker("DRAWN still", Deadline::seconds(60)).unwrap();
    eprintln!("drawn {:?}", t.elapsed());
    vm.same_picture(&mut client, Deadline::seconds(20)).unwrap();
    vm.qmp.screendump_png(std::path::Path::new("/tmp/vm-still.png")).unwrap();
    eprintln!("same {:?}", t.elapsed());
    eprintln!("{:?}", vm.complaints());
    vm.quit(Deadline::seconds(20)).unwrap();
}
