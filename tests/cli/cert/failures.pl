# failures.pl FILE - "check(file)" of each failure that verify --json told, once, in order of the alphabet.
use strict;
use warnings;
open(my $f, '<', $ARGV[0]) or die "$ARGV[0]: $!";
my $t = do { local $/; <$f> };
$t =~ s/.*"failures": \[//s or die 'no failures';
my %seen;
$seen{"$1($2)"} = 1 while $t =~ /"check": "([^"]*)",\s*"file": "?([^",]*)/g;
$seen{'no place'} = 1 while $t =~ /"file": null/g;
my $line = join(' ', sort keys %seen);
$line =~ s/readiness\.intoto\.json/certificate/g;
print "$line\n";
