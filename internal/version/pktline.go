package version

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// pkt is what git's pkt-lines are told apart by.
//
// See https://git-scm.com/docs/protocol-common and https://git-scm.com/docs/protocol-v2.
type pkt int

const (
	pktLine  pkt = iota
	pktFlush     // 0000 ends a message
	pktDelim     // 0001 ends a section
	pktEnd       // 0002 ends an answer
)

const longestPkt = 65520 // with its length

// pktString is a text as a line.
func pktString(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }

var errPkt = errors.New("it is no line of git's protocol")

// readPkt reads one line, or what stands for the end of something. It fails with
// io.EOF where nothing follows.
func readPkt(r io.Reader) (pkt, string, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, "", err
	}
	size, err := strconv.ParseUint(string(head[:]), 16, 16)
	switch {
	case err != nil || size == 3 || size > longestPkt:
		return 0, "", fmt.Errorf("%q: %w", head, errPkt)
	case size < 3:
		return []pkt{pktFlush, pktDelim, pktEnd}[size], "", nil
	}
	text := make([]byte, size-4)
	if _, err := io.ReadFull(r, text); err != nil {
		return 0, "", fmt.Errorf("%w: %w", errPkt, err)
	}
	return pktLine, string(text), nil
}
