"""plan-devices with input that is wrong in every way, and its planner of what is plugged later."""
import json
import os
import subprocess
import unittest

from qmp import BIN

PROBE = os.path.join(BIN, "vitrine-probe")


def plan(*words):
    done = subprocess.run([PROBE, "--json", "plan-devices", "--machine", "virt", *words],
                          capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


def device(*words):
    return [f"--device={word}" for word in words]


class Wrong(unittest.TestCase):
    def check(self, words, *expected):
        answer = plan(*device(*words))
        self.assertEqual(answer["verdict"], "refused")
        self.assertEqual(answer["devices"], [])
        self.assertEqual([(one["class"], one["rule"]) for one in answer["findings"]],
                         list(expected))
        return answer["findings"]

    def test_unknown(self):
        self.check(["no-such-device"], ("UnknownDeviceType", "loose-type"))
        finding, = self.check(["virtio-rng-pci,bus=nowhere"], ("MissingController", "bus-unknown"))
        self.assertEqual(finding["suggestion"], "pci buses: pcie.0")
        self.check(["virtio-rng-pci,bus=cpus"], ("NotAccepted", "bus-type"))

    def test_all_at_once(self):
        self.check(["no-such-device", "virtio-rng-pci,id=a,addr=0", "virtio-rng-pci,id=b,addr=1.1",
                    "virtio-rng-pci,id=b", "virtserialport,id=p"],
                   ("UnknownDeviceType", "loose-type"), ("SlotTaken", "address-taken"),
                   ("DuplicateId", "loose-id"), ("MissingController", "bus-unknown"))

    def test_addresses(self):
        for text in ("x", "", "-1", "1.", "1.x", "1.1.1", "0x", " 1", "99999999999999999999999"):
            with self.subTest(address=text):
                self.check([f"virtio-rng-pci,addr={text}"], ("AddressInvalid", "address-form"))
        for text in ("20", "1.8", "ffffffff"):
            with self.subTest(address=text):
                self.check([f"virtio-rng-pci,addr={text}"], ("OutOfRange", "address-range"))
        self.check(["virtio-rng-pci,addr=1.1"], ("NotReached", "address-alone"))

    def test_taken(self):
        finding, = self.check(["virtio-rng-pci,addr=3,id=a", "virtio-rng-pci,addr=3,id=b"],
                              ("SlotTaken", "address-taken"))
        self.assertEqual(finding["suggestion"], "the next free address is 01.0")
        finding, = self.check(["virtio-rng-pci,addr=3,id=a", "virtio-rng-pci,addr=3.1,id=b"],
                              ("MultifunctionRequired", "address-shared"))
        self.assertEqual(finding["suggestion"], "set multifunction=on of device a")

    def test_properties(self):
        for words in ("virtio-serial-pci,max_ports=many", "virtio-serial-pci,max_ports=-1",
                      "virtio-rng-pci,multifunction=perhaps", "virtio-rng-pci,nonsense=1"):
            with self.subTest(device=words):
                self.check([words], ("PropertyInvalid", "loose-property"))

    def test_a_bus_that_comes_twice(self):
        self.check(["pcie-root-port,id=a", "pcie-root-port,id=a"], ("DuplicateId", "loose-id"))
        for words in (["pcie-root-port,id=pcie.0"], ["pcie-root-port,id=a.0", "virtio-serial-pci,id=a"]):
            finding = self.check(words, ("DuplicateId", "loose-id"))[0]
            self.assertIn("there is one already", finding["message"])

    def test_a_loop_of_bridges(self):
        self.check(["pcie-root-port,id=a,bus=b", "pcie-root-port,id=b,bus=a"],
                   ("MissingController", "bus-unknown"), ("MissingController", "bus-unknown"))
        self.check(["pcie-root-port,id=a,bus=a"], ("MissingController", "bus-unknown"))

    def test_very_many(self):
        self.check(["virtio-rng-pci"] * 10000, ("TooBig", "too-many"))

    def test_no_free_slot(self):
        finding, = self.check(["virtio-rng-pci"] * 32, ("NoFreeSlot", "no-free-address"))
        self.assertEqual(finding["suggestion"], "add a pcie-root-port")

    def test_not_hotpluggable(self):
        answer = plan("--hot", "on", *device("virtio-rng-pci"))
        self.assertEqual([one["class"] for one in answer["findings"]], ["NotHotpluggable"])


class Plugging(unittest.TestCase):
    def test_how_many_more(self):
        ports = device("pcie-root-port,id=p1", "pcie-root-port,id=p2", "virtio-rng-pci,bus=p1")
        room = plan(*ports, "--plug", "virtio-net-pci")["room"]
        self.assertEqual(room, {"type": "virtio-net-pci", "count": 1, "add": "pcie-root-port",
                                "buses": [{"bus": "p2", "count": 1}]})

    def test_what_has_to_be_there_to_reach_so_many(self):
        for most in (1, 4, 30):
            answer = plan("--policy", "managed", "--reserve", f"hotplug={most}",
                          "--plug", "virtio-net-pci")
            self.assertEqual(answer["verdict"], "usable")
            added = [one for one in answer["devices"] if one["added"]]
            self.assertEqual({one["type"] for one in added}, {"pcie-root-port"})
            self.assertEqual(answer["room"]["count"], most)
            self.assertEqual([one["bus"] for one in answer["room"]["buses"]],
                             [one["provides"][0] for one in added])
            plugged = plan("--hot", "on", *device(*(f"pcie-root-port,id={one['id']}" for one in added)))
            self.assertEqual(plugged["verdict"], "refused")  # ports are not plugged: so at the start

    def test_of_the_type_that_is_asked_for(self):
        answer = plan("--policy", "managed", "--reserve", "hotplug=3", "--plug", "virtserialport",
                      *device("virtio-net-pci"))
        self.assertGreaterEqual(answer["room"]["count"], 3)
        self.assertIn("virtio-serial-pci", {one["type"] for one in answer["devices"]})

    def test_more_than_can_be(self):
        answer = plan("--policy", "managed", "--reserve", "hotplug=200", "--plug", "virtio-net-pci")
        self.assertEqual(answer["verdict"], "usable")
        self.assertLess(answer["room"]["count"], 200)


if __name__ == "__main__":
    unittest.main()
