//go:build unix

package infra

import (
	"io/fs"
	"os"
	"syscall"
)

// giveTo gives a file the owner and group of another one, as far as this user
// may: root may, others may only choose among their groups. It reports whether
// both are those of the other file now.
func giveTo(file *os.File, other fs.FileInfo) bool {
	want, ok := other.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	owner, group := int(want.Uid), int(want.Gid)
	return file.Chown(-1, group) == nil && file.Chown(owner, -1) == nil
}
