//go:build unix

package infra

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock keeps other runs from writing to the folder. The lock is on the folder
// itself and ends with the process, so that nothing has to be tidied up. Where
// another run holds it, that run is about to write: ErrStale. A file system
// without locks is used without.
func lock(root *os.Root) (unlock func(), err error) {
	folder, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		_ = folder.Close()
		return nil, fmt.Errorf("%s: %w: another run writes to it", root.Name(), ErrStale)
	}
	return func() { _ = folder.Close() }, nil
}
