# shellcheck shell=sh
# Library of jobs: archives as what the other host has, and what it lacks.
#
# A tar is cut into blocks: a member with its headers if it is not larger than a page, else the headers,
# and its bytes page by page from where they begin. So a page of a database is a block wherever its file
# lies in the tar. What cuts wrongly only finds less: the blocks, one after the other, are always the tar.
#
#     list    "rfa-blocks 1", zeros, page, how many; then of each block 12 bytes of its BLAKE2b, and
#             its length: what the other host has
#     delta   "rfa-delta 1"; then "C" first count (these blocks of the list), "L" length bytes; at last
#             "E" and the SHA-256 of the tar
#
# Perl alone has no digest: b2sum reads the blocks as files, a thousand at a time; the same files again and
# again, since it is making them that takes long. A list has no more than a million blocks, so a page is
# larger than 16 KiB where there is more than 16 GiB.
#
# $scratch: a directory of the job's for these files; it goes with `unscratch`.
scratch=$PWD/blocks
unscratch() { rm -rf -- "$scratch"; }
# list_of ARCHIVE: the list of what this host has of it; what the list is of lies beside it, in ….tar.
list_of() { printf '%s' "${1%/*}/.blocks.${1##*/}"; }
# tarred FILE...: the same bytes every time for the same files. Extended attributes are taken as they are,
# ACLs among them: tar's own text of an ACL names users, who are others on another host. Sparse files are in
# the oldest of the three forms, since the others have a process id in them.
tarred() {
	tar -c -f - --sort=name --format=posix --numeric-owner --sparse --sparse-version=0.0 \
		--xattrs --xattrs-include='*' \
		--pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' "$@"
}
# cut_up list LIST BYTES: makes the list of a tar of about so many bytes, which is standard input.
# cut_up delta LIST: the delta of the tar.
cut_up() (
	unscratch && mkdir -m 700 -- "$scratch" && cd -P "$scratch" || exit
	perl -e '
	use strict;
	my ($what, $list, $bytes) = @ARGV;
	my ($in, $end, $held, $known, @batch, %at) = ("", 0, 0);
	my ($page, $n, $most, $first, $count) = (16384, 0, 1048576, 0, 0);
	binmode STDIN;
	binmode STDOUT;
	sub take {
		my $n = shift;
		while (length($in) < $n && !$end) {
			my $got = sysread(STDIN, $in, 1048576, length($in));
			die "read: $!\n" if !defined($got);
			$end = !$got;
		}
		return substr($in, 0, $n, "");
	}
	sub whole { return ($_[0] + 511) & ~511 }
	sub size_of {
		my $field = substr($_[0], 124, 12);
		return unpack("Q>", substr($field, 4)) & 1125899906842623 if ord($field) & 128;
		return $field =~ /^ *([0-7]+)/ ? oct($1) : 0;
	}
	sub copied {
		print "C", pack("NN", $first, $count) if $count;
		$count = 0;
	}
	sub listed {
		my ($digest, $block) = @_;
		print LIST $digest, pack("N", length($block)) if $n < $most;
		$n++ if $n < $most;
	}
	sub told {
		my ($digest, $block) = @_;
		my $next = $first + $count;
		my $is = substr($known, 16 * $next, 12) eq $digest ? $next : $at{$digest};
		print SUM $block or die "sha256sum: $!\n";
		if (!defined($is)) {
			copied();
			print "L", pack("N", length($block)), $block;
			return;
		}
		copied() if $is != $next;
		$first = $is if !$count;
		$count++;
	}
	sub settle {
		return if !@batch;
		for my $i (0 .. $#batch) {
			open(FILE, -e $i ? "+<:raw" : ">:raw", $i) && print(FILE $batch[$i]) &&
				truncate(FILE, length($batch[$i])) && close(FILE) or
				die "a block: $!\n";
		}
		open(my $sums, "-|", "b2sum", "-l", "96", "--", 0 .. $#batch) or die "b2sum: $!\n";
		for my $block (@batch) {
			my $line = <$sums>;
			$line =~ /^([0-9a-f]{24}) / or die "b2sum says something else\n";
			$what eq "list" ? listed(pack("H*", $1), $block) : told(pack("H*", $1), $block);
		}
		close($sums) or die "b2sum failed\n";
		@batch = ();
		$held = 0;
	}
	sub block {
		push(@batch, $_[0]);
		$held += length($_[0]);
		settle() if @batch >= 1024 || $held >= 67108864;
	}
	if ($what eq "list") {
		$page *= 2 while $bytes / $page >= $most && $page < 67108864;
		open(LIST, "+>:raw", $list) or die "the list: $!\n";
		print LIST pack("a16NN", "rfa-blocks 1", $page, 0);
	} else {
		open(LIST, "<:raw", $list) or die "the list: $!\n";
		read(LIST, my $head, 24) == 24 or die "the list is too short\n";
		(my $word, $page, $n) = unpack("Z16NN", $head);
		die "this is no list\n" if $word ne "rfa-blocks 1" || $page < 16384 || $page > 67108864 ||
			$n > $most;
		(read(LIST, $known, 16 * $n) || 0) == 16 * $n or die "the list is too short\n";
		$at{substr($known, 16 * $_, 12)} = $_ for reverse(0 .. $n - 1);
		open(SUM, "|-", "sha256sum >sum") or die "sha256sum: $!\n";
		binmode SUM;
		print "rfa-delta 1\n";
	}
	my ($head, $size) = ("");
	while (length(my $one = take(512))) {
		my $rest = whole(size_of($one));
		$head .= $one;
		if (substr($one, 156, 1) =~ /[xgLK]/ && $rest <= 65536 && length($head) < 1048576) {
			my $more = take($rest);
			$head .= $more;
			$size = $1 if $more =~ /^[0-9]+ size=([0-9]{1,15})$/m;
			next;
		}
		$rest = whole($size) if defined($size);
		if (length($head) + $rest <= $page) {
			block($head . take($rest));
			$rest = 0;
		} else {
			block($head);
		}
		while ($rest > 0) {
			my $one = take($rest < $page ? $rest : $page);
			last if !length($one);
			block($one);
			$rest -= length($one);
		}
		($head, $size) = ("", undef);
	}
	block($head) if length($head);
	settle();
	if ($what eq "list") {
		seek(LIST, 0, 0) && print(LIST pack("a16NN", "rfa-blocks 1", $page, $n)) &&
			close(LIST) or die "the list: $!\n";
	} else {
		copied();
		close(SUM) or die "sha256sum failed\n";
		open(my $sum, "<", "sum") or die "sha256sum: $!\n";
		print "E", substr(<$sum>, 0, 64);
		close(STDOUT) or die "write: $!\n";
	}' -- "$@"
)
# rebuilt LIST KNOWN: the tar, of a delta, which is standard input, and of what the list is of. Fails if it
# is not the one that the delta was made of; then it may have written something else.
rebuilt() (
	unscratch && mkdir -m 700 -- "$scratch" && cd -P "$scratch" || exit
	perl -e '
	use strict;
	my ($list, $known) = @ARGV;
	my ($op, @from) = ("", 0);
	binmode STDIN;
	binmode STDOUT;
	sub get {
		my ($file, $n) = @_;
		my $got = read($file, my $bytes, $n);
		die "it is cut\n" if !defined($got) || $got != $n;
		return $bytes;
	}
	sub put { print(STDOUT $_[0]) && print(SUM $_[0]) or die "write: $!\n" }
	open(LIST, "<:raw", $list) && open(KNOWN, "<:raw", $known) or die "what is known: $!\n";
	my (undef, $page, $n) = unpack("a16NN", get(\*LIST, 24));
	push(@from, $from[-1] + unpack("x12N", get(\*LIST, 16))) for 1 .. $n;
	open(SUM, "|-", "sha256sum >sum") or die "sha256sum: $!\n";
	binmode SUM;
	get(\*STDIN, 12) eq "rfa-delta 1\n" or die "it begins otherwise\n";
	while (($op = get(\*STDIN, 1)) ne "E") {
		if ($op eq "C") {
			my ($first, $count) = unpack("NN", get(\*STDIN, 8));
			die "it names a block that is not there\n" if $first + $count > $n;
			my $left = $from[$first + $count] - $from[$first];
			seek(KNOWN, $from[$first], 0) or die "what is known: $!\n";
			while ($left > 0) {
				my $one = get(\*KNOWN, $left < 1048576 ? $left : 1048576);
				put($one);
				$left -= length($one);
			}
		} elsif ($op eq "L") {
			my $left = unpack("N", get(\*STDIN, 4));
			die "a block is too large\n" if $left > 134217728;
			put(get(\*STDIN, $left));
		} else {
			die "it has something else in it\n";
		}
	}
	my $is = get(\*STDIN, 64);
	die "something comes after its end\n" if read(STDIN, $op, 1);
	close(STDOUT) && close(SUM) or die "write: $!\n";
	open(my $sum, "<", "sum") or die "sha256sum: $!\n";
	die "the bytes are not those that were sent\n" if substr(<$sum>, 0, 64) ne $is;
	' -- "$@"
)
