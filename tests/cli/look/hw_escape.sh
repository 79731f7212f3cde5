# a machine and a target whose texts would speak to the terminal
perl "$SOURCE/tests/machines/unpack" container-cgroup1 root
printf 'ev\033[31mil|x' > root/etc/hostname
mkdir -p root/run/systemd root/sys/class/dmi/id
printf 'box\033[31m|x' > root/run/systemd/container
printf 'name:\033]0;x\007' > root/sys/class/dmi/id/product_name
printf '0::/\n' > root/proc/self/cgroup && rm root/.dockerenv
pare hw --root root > out
printf 'schema: 1\nname: x\nabout: "\\e[31mred|x"\nplatform: other\nos: linux\narch: "a\\e[0m|b"\ncpu: {cores: 1, simd: ["\\e[1m"]}\nmemory: {bytes: 1GB}\nrunners: ["\\e[2m"]\n' > x.yaml
pare hw --target x.yaml >> out
perl -ne 'exit 1 if /[\0-\x09\x0b-\x1f\x7f]/' out && wc -l < out | tr -d ' '
