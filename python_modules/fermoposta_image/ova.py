"""The disk as an OVA (DSP0243): what VMware and VirtualBox import."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from fermoposta_demo.progress import CommandError

_OVF = """<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
 xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
 <References><File ovf:id="file1" ovf:href="fermoposta.vmdk" ovf:size="{size}"/></References>
 <DiskSection><Info>Disks</Info>
  <Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="{capacity}"
   ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
 </DiskSection>
 <NetworkSection><Info>Networks</Info><Network ovf:name="bridged"/></NetworkSection>
 <VirtualSystem ovf:id="fermoposta"><Info>Mail and groupware server</Info><Name>Fermoposta</Name>
  <OperatingSystemSection ovf:id="96"><Info>Debian 64-bit</Info></OperatingSystemSection>
  <VirtualHardwareSection><Info>2 processors, 4 GiB</Info>
   <System><vssd:ElementName>Hardware</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID>
    <vssd:VirtualSystemType>vmx-13 virtualbox-2.2</vssd:VirtualSystemType></System>
   <Item><rasd:ElementName>Processors</rasd:ElementName><rasd:InstanceID>1</rasd:InstanceID>
    <rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
   <Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>
    <rasd:ElementName>Memory</rasd:ElementName><rasd:InstanceID>2</rasd:InstanceID>
    <rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>4096</rasd:VirtualQuantity></Item>
   <Item><rasd:ElementName>SATA</rasd:ElementName><rasd:InstanceID>3</rasd:InstanceID>
    <rasd:ResourceSubType>AHCI</rasd:ResourceSubType><rasd:ResourceType>20</rasd:ResourceType></Item>
   <Item><rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:ElementName>Disk</rasd:ElementName>
    <rasd:HostResource>ovf:/disk/disk1</rasd:HostResource><rasd:InstanceID>4</rasd:InstanceID>
    <rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>
   <Item><rasd:AutomaticAllocation>true</rasd:AutomaticAllocation>
    <rasd:Connection>bridged</rasd:Connection><rasd:ElementName>Network</rasd:ElementName>
    <rasd:InstanceID>5</rasd:InstanceID><rasd:ResourceSubType>E1000</rasd:ResourceSubType>
    <rasd:ResourceType>10</rasd:ResourceType></Item>
  </VirtualHardwareSection>
 </VirtualSystem>
</Envelope>
"""


def write(raw: Path, to: Path, epoch: int) -> None:
    """Write the disk *raw* as an OVA to *to*; its files are of the time *epoch*."""
    with TemporaryDirectory(dir=to.parent) as folder:
        disk = Path(folder) / "fermoposta.vmdk"
        done = subprocess.run(
            [
                *("qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o"),
                *("subformat=streamOptimized,adapter_type=lsilogic", str(raw), str(disk)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandError("qemu-img", done.stderr)
        description = _OVF.format(size=disk.stat().st_size, capacity=raw.stat().st_size).encode()
        with disk.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        sums = (
            f"SHA256(fermoposta.ovf)= {hashlib.sha256(description).hexdigest()}\n"
            f"SHA256(fermoposta.vmdk)= {digest}\n"
        ).encode()
        with tarfile.open(to, "w", format=tarfile.USTAR_FORMAT) as tar:
            for name, content in (("fermoposta.ovf", description), ("fermoposta.mf", sums)):
                tar.addfile(_member(name, len(content), epoch), io.BytesIO(content))
            with disk.open("rb") as file:
                tar.addfile(_member(disk.name, disk.stat().st_size, epoch), file)


def _member(name: str, size: int, epoch: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, epoch, 0o644
    return member
