#!/usr/bin/env python3
"""Write tests/machines/<name>/tree.txt: /proc and /sys as they look on four kinds of machine.

Reconstructed from public facts (vendors' data sheets, the kernel's documentation of each
file, published cpuinfo and lstopo listings), shortened to the files that pare reads. Values
that only fill a file (charge, temperature) are plausible, and the tests expect exactly them.

Format: a line "=== PATH" (or "=== PATH !MODE", octal) begins a file, the lines after it are
its content. Run: python3 tests/machines/make.py
"""
import os

HERE = os.path.dirname(os.path.abspath(__file__))


class Tree:
    def __init__(self):
        self.files = []

    def add(self, path, text, mode=None):
        self.files.append((path + (f" !{mode}" if mode else ""), str(text).rstrip("\n")))

    def dir(self, base, **files):
        for name, text in files.items():
            self.add(f"{base}/{name}", text)

    def cpu(self, i, siblings, caches, package=0, **freq):
        base = f"sys/devices/system/cpu/cpu{i}"
        self.add(f"{base}/topology/physical_package_id", package)
        self.add(f"{base}/topology/thread_siblings_list", siblings)
        for k, (level, kind, size, ways, shared) in enumerate(caches):
            self.dir(f"{base}/cache/index{k}", level=level, type=kind, size=size,
                     coherency_line_size=64, ways_of_associativity=ways, shared_cpu_list=shared)
        for name, v in freq.items():
            self.add(f"{base}/cpufreq/{name}", v)

    def write(self, name):
        folder = os.path.join(HERE, name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "tree.txt"), "w") as f:
            for path, text in self.files:
                f.write(f"=== {path}\n{text}\n")


def x86_cpuinfo(n, vendor, family, model, stepping, name, mhz, cores, flags):
    one = ("processor\t: {i}\nvendor_id\t: {v}\ncpu family\t: {f}\nmodel\t\t: {m}\nmodel name\t: {n}\n"
           "stepping\t: {s}\ncpu MHz\t\t: {mhz}\ncpu cores\t: {c}\nflags\t\t: {fl}\n")
    return "\n".join(one.format(i=i, v=vendor, f=family, m=model, n=name, s=stepping, mhz=mhz, c=cores, fl=flags)
                     for i in range(n))


def meminfo(total, free, available, swap=0, swap_free=0):
    return (f"MemTotal:       {total} kB\nMemFree:        {free} kB\nMemAvailable:   {available} kB\n"
            f"SwapTotal:      {swap} kB\nSwapFree:       {swap_free} kB")


def laptop():
    t = Tree()
    flags = "fpu sse2 ht lm avx avx2 fma f16c bmi2 avx512f avx512dq avx512bw avx512vl avx512_vnni"
    t.add("proc/cpuinfo", x86_cpuinfo(8, "GenuineIntel", 6, 140, 1,
          "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "1200.000", 4, flags))
    t.add("proc/meminfo", meminfo(16106132, 3000000, 9437184, 8388604, 8388604))
    t.add("proc/self/status", "Name:\tpare\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7")
    t.add("proc/self/cgroup", "0::/user.slice/user-1000.slice/session-2.scope")
    t.add("proc/sys/kernel/osrelease", "6.1.0-18-amd64")
    t.add("etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"')
    t.add("sys/class/dmi/id/sys_vendor", "LENOVO")
    t.add("sys/class/dmi/id/product_name", "20XW00AAGE")
    t.add("sys/fs/cgroup/cgroup.controllers", "cpu io memory pids")
    t.add("sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope/memory.max", "max")
    t.add("sys/fs/cgroup/user.slice/user-1000.slice/cpu.max", "max 100000")
    t.add("sys/devices/system/cpu/online", "0-7")
    for i in range(8):
        pair = f"{i % 4},{i % 4 + 4}"
        t.cpu(i, pair, [(1, "Data", "48K", 12, pair), (1, "Instruction", "32K", 8, pair),
                        (2, "Unified", "1280K", 20, pair), (3, "Unified", "12288K", 12, "0-7")],
              scaling_cur_freq=1200000 + 100000 * (i % 2), cpuinfo_max_freq=4700000, scaling_governor="powersave")
    t.dir("sys/devices/system/node/node0", cpulist="0-7",
          meminfo="Node 0 MemTotal:       16106132 kB\nNode 0 MemFree:         3000000 kB")
    rapl = "sys/class/powercap/intel-rapl"
    for zone, name, uj in ((":0", "package-0", 262143328000), (":0:0", "core", 100), (":0:1", "uncore", 200),
                           (":1", "psys", 300)):
        t.dir(rapl + zone, name=name, energy_uj=uj, max_energy_range_uj=262143328850)
    t.dir("sys/class/powercap/intel-rapl-mmio:0", name="package-0", energy_uj=5, max_energy_range_uj=262143328850)
    bat = "sys/class/power_supply/BAT0"
    t.dir(bat, type="Battery", status="Discharging", capacity=75, energy_full=56000000, energy_now=42000000,
          power_now=8400000, voltage_now=15400000)
    t.dir("sys/class/power_supply/AC", type="Mains", online=0)
    t.dir("sys/class/power_supply/hidpp_battery_0", type="Battery", scope="Device", status="Discharging",
          capacity=55, voltage_now=3900000)
    t.dir("sys/class/hwmon/hwmon0", name="coretemp", temp1_input=45000)
    t.dir("sys/class/hwmon/hwmon1", name="BAT0", in0_input=15400, power1_input=8400000)
    t.dir("sys/class/thermal/thermal_zone0", type="x86_pkg_temp", temp=45000)
    t.dir("sys/class/thermal/thermal_zone1", type="acpitz", temp=43000, trip_point_0_type="critical",
          trip_point_0_temp=128000)
    t.add("sys/class/thermal/cooling_device0/type", "Processor")
    t.dir("sys/class/net/lo", operstate="unknown", carrier=1)
    t.dir("sys/class/net/wlp0s20f3", operstate="up", carrier=1)
    t.add("sys/class/net/wlp0s20f3/wireless/status", "0x0")
    t.dir("sys/class/net/enp0s31f6", operstate="down", carrier=0, speed=-1)
    t.dir("sys/bus/pci/devices/0000:00:02.0", **{"class": "0x030000"}, vendor="0x8086", device="0x9a49",
          uevent="DRIVER=i915\nPCI_CLASS=30000")
    t.dir("sys/bus/pci/devices/0000:00:1f.0", **{"class": "0x060100"}, vendor="0x8086", device="0xa082")
    t.dir("sys/class/drm/card0/device", vendor="0x8086", device="0x9a49", uevent="DRIVER=i915")
    t.write("intel-laptop")


def pi5():
    t = Tree()
    one = ("processor\t: {}\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics "
           "fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
           "CPU variant\t: 0x4\nCPU part\t: 0xd0b\nCPU revision\t: 1\n")
    t.add("proc/cpuinfo", "\n".join(one.format(i) for i in range(4)) + "\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0")
    t.add("proc/meminfo", meminfo(8259840, 6000000, 7340032, 102396, 102396))
    t.add("proc/self/status", "Cpus_allowed_list:\t0-3")
    t.add("proc/self/cgroup", "0::/")
    t.add("proc/sys/kernel/osrelease", "6.6.31+rpt-rpi-2712")
    t.add("proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0")
    t.add("etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"')
    t.add("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids")
    t.add("sys/devices/system/cpu/online", "0-3")
    for i in range(4):
        t.cpu(i, i, [(1, "Data", "64K", 4, i), (1, "Instruction", "64K", 4, i), (2, "Unified", "512K", 8, i),
                     (3, "Unified", "2048K", 16, "0-3")],
              scaling_cur_freq=2400000, cpuinfo_max_freq=2400000, scaling_governor="ondemand")
    t.dir("sys/class/hwmon/hwmon0", name="cpu_thermal", temp1_input=51250)
    t.dir("sys/class/hwmon/hwmon1", name="rp1_adc", in1_input=1481, temp1_input=47000)
    # The board has no power file of its own; this is an INA226 on its I2C pins, in the supply line.
    t.dir("sys/class/hwmon/hwmon2", name="ina226", in1_input=5080, curr1_input=820, power1_input=4150000)
    t.dir("sys/class/hwmon/hwmon10", name="pwmfan", fan1_input=0)
    t.dir("sys/class/thermal/thermal_zone0", type="cpu-thermal", temp=51250, trip_point_0_type="critical",
          trip_point_0_temp=110000)
    t.dir("sys/class/net/eth0", operstate="up", carrier=1, speed=1000)
    t.dir("sys/class/net/wlan0", operstate="down", carrier=0)
    t.add("sys/class/net/wlan0/wireless/status", "0x0")
    t.add("sys/class/drm/card0/device/uevent", "DRIVER=v3d\nOF_COMPATIBLE_0=brcm,2712-v3d")
    t.add("sys/class/drm/card1/device/uevent", "DRIVER=vc4-drm\nOF_COMPATIBLE_0=brcm,bcm2712-vc6")
    t.add("sys/class/drm/card1-HDMI-A-1/status", "disconnected")
    t.write("raspberry-pi-5")


def container():
    t = Tree()
    flags = ("fpu sse2 ht lm avx avx2 fma f16c bmi2 avx512f avx512dq avx512bw avx512vl avx512_vnni hypervisor")
    t.add("proc/cpuinfo", x86_cpuinfo(16, "GenuineIntel", 6, 106, 6,
          "Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz", "2899.998", 8, flags))
    t.add("proc/meminfo", meminfo(65000000, 50000000, 60000000))
    t.add("proc/self/status", "Cpus_allowed_list:\t2-5,10")
    t.add("proc/self/cgroup", "0::/kubepods/pod1/app")
    t.add("proc/1/cgroup", "0::/")
    t.add(".dockerenv", "")
    t.add("proc/sys/kernel/osrelease", "6.1.79-99.167.amzn2023.x86_64")
    t.add("sys/fs/cgroup/cgroup.controllers", "cpu memory")
    base = "sys/fs/cgroup/kubepods/pod1"
    t.dir(base, **{"memory.max": 2147483648, "memory.current": 900000000,
                   "memory.stat": "anon 300000000\nfile 500000000\ninactive_file 400000000", "cpu.max": "150000 100000"})
    t.dir(base + "/app", **{"memory.max": "max", "memory.current": 500000000, "cpu.max": "400000 100000"})
    t.add("sys/devices/system/cpu/online", "0-15")
    for i in range(16):
        pair = f"{i % 8},{i % 8 + 8}"
        t.cpu(i, pair, [(1, "Data", "48K", 12, pair), (1, "Instruction", "32K", 8, pair),
                        (2, "Unified", "1280K", 20, pair), (3, "Unified", "55296K", 12, "0-15")])
    t.dir("sys/class/net/eth0", operstate="up", carrier=1, speed=10000)
    t.dir("sys/bus/pci/devices/0000:00:03.0", **{"class": "0x030000"}, vendor="0x1d0f", device="0x1111")
    t.write("container-cgroup2")


def server():
    t = Tree()
    flags = "fpu sse2 ht lm avx avx2 fma f16c bmi2 avx512f avx512dq avx512bw avx512vl avx512_vnni avx512_bf16"
    t.add("proc/cpuinfo", x86_cpuinfo(64, "AuthenticAMD", 25, 17, 1, "AMD EPYC 9124 16-Core Processor",
          "3000.000", 16, flags))
    t.add("proc/meminfo", meminfo(395842408, 300000000, 380000000))
    t.add("proc/self/status", "Cpus_allowed_list:\t0-63")
    # version 1: the job's limit is in its parent
    t.add("proc/self/cgroup", "12:cpu,cpuacct:/slurm/job_7/step_0\n11:memory:/slurm/job_7/step_0\n1:name=systemd:/")
    t.dir("sys/fs/cgroup/memory/slurm/job_7", **{"memory.limit_in_bytes": 68719476736,
          "memory.usage_in_bytes": 4000000000, "memory.stat": "cache 1000000000\ntotal_inactive_file 1000000000"})
    t.dir("sys/fs/cgroup/memory/slurm/job_7/step_0", **{"memory.limit_in_bytes": 9223372036854771712,
          "memory.usage_in_bytes": 3000000000})
    t.dir("sys/fs/cgroup/cpu/slurm/job_7/step_0", **{"cpu.cfs_quota_us": 1600000, "cpu.cfs_period_us": 100000})
    t.dir("sys/fs/cgroup/cpu", **{"cpu.cfs_quota_us": -1, "cpu.cfs_period_us": 100000})
    t.add("sys/class/dmi/id/sys_vendor", "Supermicro")
    t.add("sys/class/dmi/id/product_name", "AS -1125HS-TNR")
    t.add("sys/devices/system/cpu/online", "0-63")
    for i in range(64):  # two sockets of 16 cores; second threads are 32…63
        core = i % 32
        first = core // 4 * 4
        pair, l3 = f"{core},{core + 32}", f"{first}-{first + 3},{first + 32}-{first + 35}"
        t.cpu(i, pair, [(1, "Data", "32K", 8, pair), (1, "Instruction", "32K", 8, pair),
                        (2, "Unified", "1024K", 8, pair), (3, "Unified", "16384K", 16, l3)], package=core // 16)
    for n, cpus in ((0, "0-15,32-47"), (1, "16-31,48-63")):
        t.dir(f"sys/devices/system/node/node{n}", cpulist=cpus,
              meminfo=f"Node {n} MemTotal:       197921204 kB\nNode {n} MemFree:        150000000 kB")
    for p in (0, 1):  # readable by root only, as kernels since 5.10 have it
        base = f"sys/class/powercap/intel-rapl:{p}"
        t.dir(base, name=f"package-{p}", max_energy_range_uj=65532610987)
        t.add(f"{base}/energy_uj", 1000000, "400")
    t.dir("sys/class/hwmon/hwmon0", name="k10temp", temp1_input=40000)
    t.dir("sys/class/hwmon/hwmon1", name="nvme", temp1_input=35000, power1_input=9000000)
    t.dir("sys/bus/pci/devices/0000:01:00.0", **{"class": "0x030200"}, vendor="0x10de", device="0x27b8",
          uevent="DRIVER=nvidia")
    t.add("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA L4\nIRQ:   \t\t 130")
    t.dir("sys/bus/pci/devices/0000:c4:00.0", **{"class": "0x030000"}, vendor="0x1a03", device="0x2000",
          uevent="DRIVER=ast")
    t.dir("sys/class/net/eno1", operstate="up", carrier=1, speed=25000)
    t.write("amd-server")


laptop()
pi5()
container()
server()
