#!/usr/bin/perl
my ($type, $name, $state) = @ARGV;
if ($name =~ /^gw/ && $state eq 'MASTER') {
    system('ip', 'route', 'replace', 'default', 'via', '192.0.2.1');
}
