# change.pl FILE flip PLACE | sub OLD NEW | cut BYTES | payload N OLD NEW - one deliberate change of a file, in place:
# a byte (from the end, if negative), the first OLD, the length, or OLD within the N-th base64 payload of the JSON.
use strict;
use warnings;
my ($file, $what, @of) = @ARGV;
open(my $f, '<:raw', $file) or die "$file: $!";
my $t = do { local $/; <$f> };
close $f;

sub decode {
    (my $s = shift) =~ tr#A-Za-z0-9+/##cd;
    $s =~ tr#A-Za-z0-9+/# -_#;
    my $out = '';
    $out .= unpack('u', chr(32 + int(length($1) * 3 / 4)) . $1) while $s =~ /(.{1,60})/gs;
    return $out;
}

sub encode {
    my $s = pack('u', shift);
    $s =~ s/^.//gm;
    $s =~ tr/\n//d;
    $s =~ tr#` -_#AA-Za-z0-9+/#;
    return $s;
}

if ($what eq 'flip') { substr($t, $of[0], 1) ^= "\x01" }
elsif ($what eq 'cut') { $t = substr($t, 0, $of[0]) }
elsif ($what eq 'sub') {
    my $at = index($t, $of[0]);
    die "no $of[0] in $file" if $at < 0;
    substr($t, $at, length $of[0]) = $of[1];
} elsif ($what eq 'payload') {
    my ($no, $old, $new) = @of;
    my $n = 0;
    $t =~ s{("payload": ")([^"]*)(")}{
        my ($a, $b, $c) = ($1, $2, $3);
        if ($n++ == $no) {
            my $body = decode($b);
            my $bytes = length($body);
            die "no $old in payload $no of $file" if index($body, $old) < 0;
            substr($body, index($body, $old), length $old) = $new;
            my $pad = (3 - length($body) % 3) % 3;
            $b = encode($body);
            substr($b, length($b) - $pad, $pad) = '=' x $pad if $pad;
        }
        "$a$b$c" }ge;
    die "no payload $no" if $n <= $no;
} else { die $what }
open($f, '>:raw', $file) or die "$file: $!";
print $f $t;
close $f or die $!;
