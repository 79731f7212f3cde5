# break.pl FILE transpose NAME | swap NAME NAME - a .safetensors file with one deliberate mistake, in place: a square
# matrix turned, or two tensors of one shape in each other's place. Values of two bytes.
use strict;
use warnings;
my ($file, $what, @names) = @ARGV;
open(my $f, '+<:raw', $file) or die "$file: $!";
read($f, my $n, 8) == 8 or die 'short';
$n = unpack('Q<', $n);
read($f, my $head, $n) == $n or die 'short';
sub place { # first byte, bytes, rows
    my $name = quotemeta shift;
    $head =~ /"$name":\s*\{([^}]*)\}/ or die "no $name";
    my $body = $1;
    my ($from, $to) = $body =~ /"data_offsets":\s*\[\s*(\d+)\s*,\s*(\d+)/ or die 'no place';
    my ($rows) = $body =~ /"shape":\s*\[\s*(\d+)/;
    return (8 + $n + $from, $to - $from, $rows);
}
sub get { my ($at, $bytes) = @_; seek($f, $at, 0); read($f, my $v, $bytes) == $bytes or die 'short'; return $v }
sub put { my ($at, $v) = @_; seek($f, $at, 0); print $f $v or die "$!" }
my @a = place($names[0]);
if ($what eq 'swap') {
    my @b = place($names[1]);
    my ($x, $y) = (get(@a), get(@b));
    put($a[0], $y);
    put($b[0], $x);
} else {
    my ($at, $bytes, $k) = @a;
    die 'not square' if $k * $k * 2 != $bytes;
    my @v = unpack('S<*', get($at, $bytes));
    put($at, pack('S<*', map { my $r = $_; map { $v[$_ * $k + $r] } 0 .. $k - 1 } 0 .. $k - 1));
}
close($f) or die "$!";
