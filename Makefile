# Everything that is done with this package: `make help`.
#
# A fresh clone needs make and a Swift 6.3 toolchain; the rest is installed when a target needs it and it is missing.

PREFIX = /usr/local
DESTDIR =
SYSCONFDIR = /etc

SWIFT = swift
PROGRAMS = dotlock mboxappend maildir2mbox lockctl
# Of BENCH_DIR: a memory file system. BENCH_CPU: keep the bench on one processor, e.g. 1.
# BENCH_DISK: a disk. BENCH_OPTIONS: e.g. --only delivery.
BENCH_ROUNDS = 400
BENCH_DIR = /dev/shm
BENCH_DISK = $(or $(TMPDIR),.build)
BENCH_CPU =
BENCH_OPTIONS =
# A file system to torture, and how often each lock is to be handed over.
TORTURE_DIR = /tmp
TORTURE_HAND_OVERS = 100000
# Of the programs' system calls: each so many-th, and only of runs with that in their description.
TORTURE_STRIDE = 1
TORTURE_ONLY =

# Of each file system and setting: cuts that are worked out, and machines that are killed. POWER_OPTIONS: e.g.
# --only 'ext4, journal: power' --seed 7.
POWER_CUTS = 24
POWER_KILLS = 1
POWER_OPTIONS =
MTA_ONLY =
# How long each of the readers of other people's bytes is fuzzed, and which: e.g. FUZZ_TARGETS='policy glob'.
FUZZ_SECONDS = 60
FUZZ_TARGETS = $(notdir $(wildcard Tests/Fuzz/Corpus/*))

bindir = $(DESTDIR)$(PREFIX)/bin
mandir = $(DESTDIR)$(PREFIX)/share/man
docdir = $(DESTDIR)$(PREFIX)/share/doc/mailbox-locking
bashdir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zshdir = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
fishdir = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

built = .build/release
manuals = $(wildcard man/*.[1-8])
samples = $(wildcard etc/*.yaml)

# Fully static, libyaml included: these programs run once per message, and a static one starts in the time of a
# C program, where the dynamic loader alone would take four times that.
#
# Swift usually finds the metadata of concrete types, [UInt8] say, by their mangled names at run time, which saves bytes
# and costs a program that lives for a millisecond a tenth of its life. The two frontend options have the compiler
# call the accessors instead, and write down what it knows already. The programs hardly grow by it.
#
# Of the megabytes of such a program a delivery needs little, but that is all over them, and each place costs a page
# fault: so the linker puts first what every run needs, in the order in which it does (`make order`). Where the page
# cache has the program in small pieces, that is a fifth of the time that a delivery takes.
frontend = -Xswiftc -Xfrontend -Xswiftc
order = Sources/QuickStart/symbols.order
RELEASE = -c release -Xswiftc -static-executable $(frontend) -function-sections \
  $(frontend) -disable-concrete-type-metadata-mangled-name-accessors $(frontend) -prespecialize-generic-metadata \
  -Xswiftc -use-ld=lld -Xlinker --symbol-ordering-file=$(CURDIR)/$(order) -Xlinker --no-warn-symbol-ordering \
  -Xlinker -z -Xlinker max-page-size=0x200000

# The linker warns of every static program that calls dlopen, getpwuid and the like: they want the shared libraries of
# the C library that it was built with, and mktemp is unsafe. The Swift runtime calls dlopen only for a debugging aid
# that nobody asks for here, and Foundation, which lockctl's argument parser brings, has the others. Nothing else is
# left out, and the status is swift's own.
quiet = 2>&1 | { grep -v -e 'in statically linked applications requires at runtime' \
  -e "the use of .mktemp. is dangerous" -e "Cannot export local symbol '__asan_" -e '^$$' || :; }

SHELL = /bin/bash
.SHELLFLAGS = -o pipefail -c

.PHONY: all help deps programs tests demo check lint docs test model torture fuzz powercut nfs nfs-short nfs-soak mta example \
  installed bench order install uninstall clean

all: programs

help:
	@echo 'make              build the programs (release, fully static)'
	@echo 'make demo         build, deliver real messages from several processes at once, show the mailbox'
	@echo 'make check        build, lint, run every test, the model, two seconds of each fuzzer, the example programs and'
	@echo '                  a trial installation'
	@echo 'make model        check the locking scheme exhaustively, all interleavings of three processes'
	@echo 'make torture      $(TORTURE_HAND_OVERS) hand-overs of each kind of lock between processes that are killed and stopped;'
	@echo '                  deliveries and maildirs killed, failing, stopped and robbed at every system call (hours;'
	@echo '                  TORTURE_STRIDE=N: at each N-th; TORTURE_ONLY=fcntl: of that method)'
	@echo 'make powercut     what is on disk when the power goes, at $(POWER_CUTS) moments of each file system and setting;'
	@echo '                  in User-Mode-Linux guests, without root'
	@echo 'make nfs          deliver over real NFS, from two clients and on the server, with everything that goes wrong there:'
	@echo '                  three User-Mode-Linux machines, without root; make nfs-short takes two minutes,'
	@echo '                  make nfs-soak delivers 3000 messages by fcntl and flock alone'
	@echo 'make mta          let Postfix, Exim, OpenSMTPD, procmail and others deliver, next to Dovecot (as root; minutes)'
	@echo 'make fuzz         $(FUZZ_SECONDS) seconds of libFuzzer for each reader of what others write'
	@echo 'make bench        time the programs against dotlockfile, lockmail, flock, procmail, maildrop, cp, a bare write,'
	@echo '                  and what others move maildirs with'
	@echo 'make order        find out anew what the linker is to put side by side in the programs'
	@echo 'make install      PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)'
	@echo 'make uninstall    remove what install put there; $(SYSCONFDIR)/dotlock.yaml stays'
	@echo 'make docs         the library'"'"'s documentation, as a web site in .build/docs'
	@echo 'make lint         swift format and mandoc, strictly'
	@echo 'make clean        remove everything built'

# --- What is needed from Debian ------------------------------------------------------------------------------------

# Each is "package:a file that it brings"; apt-get is called only when a file is missing.
peers = liblockfile-bin:/usr/bin/dotlockfile maildrop:/usr/bin/maildrop procmail:/usr/bin/procmail \
  util-linux:/usr/bin/flock
build-needs = libyaml-dev:/usr/lib/*/libyaml.a pkg-config:/usr/bin/pkg-config
model-needs = spin:/usr/bin/spin gcc:/usr/bin/cc libc6-dev:/usr/include/stdio.h
check-needs = $(build-needs) $(model-needs) mandoc:/usr/bin/mandoc strace:/usr/bin/strace $(peers) \
  mutt:/usr/bin/mutt_dotlock mailutils:/usr/bin/dotlock.mailutils python3:/usr/bin/python3 \
  btrfs-progs:/sbin/mkfs.btrfs xfsprogs:/sbin/mkfs.xfs
powercut-needs = $(build-needs) python3:/usr/bin/python3 e2fsprogs:/sbin/mkfs.ext4 xfsprogs:/sbin/mkfs.xfs \
  btrfs-progs:/sbin/mkfs.btrfs dmsetup:/sbin/dmsetup
# The rest is unpacked by the bed itself: to install it would start a file server.
nfs-needs = $(build-needs) python3:/usr/bin/python3 iproute2:/usr/*bin/ip e2fsprogs:/usr/*bin/mkfs.ext4
# The mail servers themselves are unpacked, not installed: they conflict.
mta-needs = $(build-needs) python3:/usr/bin/python3 mount:/usr/bin/mount \
  iproute2:/sbin/ip
bench-needs = $(build-needs) strace:/usr/bin/strace $(peers) chiark-utils-bin:/usr/bin/with-lock-ex \
  gcc:/usr/bin/cc libc6-dev:/usr/include/stdio.h python3:/usr/bin/python3

order-needs = valgrind:/usr/bin/valgrind binutils:/usr/bin/nm python3:/usr/bin/python3

needs-%:
	@missing=; \
	for need in $($*-needs); do ls $${need#*:} >/dev/null 2>&1 || missing="$$missing $${need%%:*}"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then as=; \
	elif command -v sudo >/dev/null; then as=sudo; \
	else echo "please install as root: apt-get install$$missing" >&2; exit 1; fi; \
	echo "installing$$missing"; \
	export DEBIAN_FRONTEND=noninteractive; \
	$$as apt-get -qq update && \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $$missing </dev/null >/dev/null

deps: needs-build

# --- Building ------------------------------------------------------------------------------------------------------

# SwiftPM does not notice that a C header has changed.
.build/.headers: Sources/CPosix/shim.h Sources/CYAML/shim.h
	@[ ! -e $@ ] || touch $$(grep -rl 'import C[PY]' Sources Tests --include=*.swift)
	@mkdir -p .build && touch $@

programs: needs-build .build/.headers
	@for program in $(PROGRAMS); do \
	  $(SWIFT) build $(RELEASE) --product $$program $(quiet) || exit 1; \
	done

tests: needs-check .build/.headers
	@$(SWIFT) build --build-tests $(quiet)

clean:
	rm -rf .build

# --- Trying --------------------------------------------------------------------------------------------------------

demo: programs
	@PATH="$(CURDIR)/$(built):$$PATH" sh examples/demo.sh

# --- Checking ------------------------------------------------------------------------------------------------------

# One after the other, whatever -j says: two builds in one directory wait for each other anyway.
check: needs-check
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory model
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=2
	@$(MAKE) --no-print-directory programs
	@$(MAKE) --no-print-directory tests
	@$(MAKE) --no-print-directory example
	@$(MAKE) --no-print-directory installed
	@$(MAKE) --no-print-directory demo >.build/demo.log 2>&1 || { cat .build/demo.log; exit 1; }
	@$(MAKE) --no-print-directory test

# mandoc exits 0 for what is only bad style; nothing but silence is clean.
lint: needs-check
	@$(SWIFT) format lint --strict --parallel --recursive Sources Tests examples Package.swift
	@for page in $(manuals); do \
	  said=$$(mandoc -Tlint -W warning $$page) || :; \
	  [ -z "$$said" ] || { echo "$$said"; failed=1; }; \
	done; [ -z "$$failed" ]
	@echo 'lint: clean'

# The library's modules in one archive; every link in a comment must lead somewhere.
docs: needs-build
	@rm -rf .build/graphs .build/docs && mkdir -p .build/graphs
	@$(SWIFT) package dump-symbol-graph --minimum-access-level public >/dev/null
	@for module in LockPolicy PolicyFile FileLocking Mailbox; do \
	  cp .build/*/symbolgraph/$$module.symbols.json .build/*/symbolgraph/$$module@[A-Z]*.symbols.json .build/graphs; \
	done 2>/dev/null; rm -f .build/graphs/*@Swift.symbols.json
	@docc convert Sources/MailboxLocking/MailboxLocking.docc --additional-symbol-graph-dir .build/graphs \
	  --fallback-display-name MailboxLocking --fallback-bundle-identifier mailbox-locking \
	  --warnings-as-errors --output-path .build/docs
	@echo 'the documentation is in .build/docs'

test: tests
	@$(SWIFT) test --skip-build --parallel $(quiet)

# The scheme, not the programs: Tests/Model/*.pml.
model: needs-model
	@sh Tests/Model/run

# The short forms of both are part of the tests.
torture: programs tests
	@sh Tests/torture.sh $(built)/lockctl $(TORTURE_DIR) $(TORTURE_HAND_OVERS)
	@MAILBOX_TORTURE=1 MAILBOX_PROGRAMS='$(abspath $(built))' TORTURE_STRIDE='$(TORTURE_STRIDE)' \
	  TORTURE_ONLY='$(TORTURE_ONLY)' $(SWIFT) test --skip-build --parallel \
	  --filter '(Kill|FaultInjection|Stop|Thief|KeptList)Tests' $(quiet)

# Several hundred cuts in some minutes; --cuts 4 --kills 0 --only 'ext4, journal' in half a minute.
powercut: programs needs-powercut
	@PYTHONPATH=Tests PYTHONDONTWRITEBYTECODE=1 python3 Tests/PowerCut/powercut.py \
	  --cuts $(POWER_CUTS) --kills $(POWER_KILLS) $(POWER_OPTIONS) $(built)

# Mail servers deliver to other users, so this is for root; nothing of the machine is changed. MTA_ONLY: words of the
# names of the cases that are wanted.
mta: programs needs-mta
	@if [ "$$(id -u)" = 0 ]; then as=; elif command -v sudo >/dev/null; then as=sudo; fi; \
	$$as python3 Tests/MTA/run.py $(if $(MTA_ONLY),--only $(MTA_ONLY))

# The short round is for continuous integration; the soak finds what goes wrong once in a thousand deliveries.
nfs nfs-short nfs-soak: programs needs-nfs
	@PYTHONPATH=Tests PYTHONDONTWRITEBYTECODE=1 python3 -m NFS $(if $(filter nfs,$@),full,$(@:nfs-%=%)) --programs $(built)

# The sanitizers are given as one option: of two, the compiler would keep the last only.
fuzz: needs-build .build/.headers
	@MAILBOX_FUZZ=1 $(SWIFT) build --product fuzz --scratch-path .build/fuzz --sanitize fuzzer \
	  -Xswiftc -sanitize=fuzzer,address $(quiet)
	@sh Tests/Fuzz/run .build/fuzz/debug/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# Programs of somebody else, as far as this package can tell.
example: needs-build
	@$(SWIFT) build --package-path examples/swift-program --scratch-path .build/example $(quiet)
	@sh examples/swift-program/check .build/example/debug

# Installs into a scratch directory, compares with what is promised, uninstalls, and looks for what is left.
installed: needs-build
	@sh Tests/installed.sh

bench: programs needs-bench
	@$(SWIFT) build $(RELEASE) --product lockbench $(quiet)
	@rm -rf .build/bench && $(MAKE) --no-print-directory install DESTDIR=.build/bench PREFIX= >/dev/null
	@mkdir -p .build/bench/rivals && for rival in barewrite copyandrename; do \
	  cc -O2 -Wall -Wextra -static -o .build/bench/rivals/$$rival Tests/Bench/Rivals/$$rival.c || exit 1; \
	done
	@$(if $(BENCH_CPU),taskset -c $(BENCH_CPU)) $(built)/lockbench --rounds $(BENCH_ROUNDS) --directory $(BENCH_DIR) \
	  --disk $(BENCH_DISK) --policy etc/dotlock.yaml --rivals .build/bench/rivals $(BENCH_OPTIONS) .build/bench/bin

# After changes to what a delivery does, or to the toolchain.
order: programs needs-order
	@python3 Tests/Bench/order.py $(built) >$(order).new
	@mv $(order).new $(order)
	@rm -f $(PROGRAMS:%=$(built)/%)  # to be linked anew

# --- Installing ----------------------------------------------------------------------------------------------------

# What is built already is not built again: root needs no toolchain, and leaves no files of root's in the build.
$(PROGRAMS:%=$(built)/%):
	@$(MAKE) --no-print-directory programs

# Programs change by rename: mail that comes meanwhile meets the old one or the new one. (strip also writes in large
# pieces, which the page cache keeps together; the copy that install -s leaves starts a fifth more slowly.)
install: $(PROGRAMS:%=$(built)/%)
	install -d $(bindir) $(docdir) $(bashdir) $(zshdir) $(fishdir) $(DESTDIR)$(SYSCONFDIR)
	for program in $(PROGRAMS); do \
	  strip -o $(bindir)/.$$program.new $(built)/$$program && chmod 755 $(bindir)/.$$program.new && \
	  mv -f $(bindir)/.$$program.new $(bindir)/$$program || exit 1; \
	done
	for page in $(manuals); do install -D -m 644 $$page $(mandir)/man$${page##*.}/$${page##*/}; done
	install -m 644 README.md $(samples) $(docdir)
	$(built)/lockctl --generate-completion-script bash | install -m 644 /dev/stdin $(bashdir)/lockctl
	$(built)/lockctl --generate-completion-script zsh | install -m 644 /dev/stdin $(zshdir)/_lockctl
	$(built)/lockctl --generate-completion-script fish | install -m 644 /dev/stdin $(fishdir)/lockctl.fish
	[ -e $(DESTDIR)$(SYSCONFDIR)/dotlock.yaml ] || install -m 644 etc/dotlock.yaml $(DESTDIR)$(SYSCONFDIR)/dotlock.yaml

# The policy is the site's, whoever put it there. Directories that others may share are left, except our own.
uninstall:
	rm -f $(PROGRAMS:%=$(bindir)/%)
	for page in $(manuals); do rm -f $(mandir)/man$${page##*.}/$${page##*/}; done
	rm -f $(docdir)/README.md $(samples:etc/%=$(docdir)/%)
	[ ! -d $(docdir) ] || rmdir $(docdir)
	rm -f $(bashdir)/lockctl $(zshdir)/_lockctl $(fishdir)/lockctl.fish
