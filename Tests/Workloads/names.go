// Go names: a method and a closure. main.main → main.(*mill).run → main.grind.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

type mill struct{ ground int }

//go:noinline
func finish(sum int) int { return sum + 1 }

// Calls, so it keeps a frame: without one, frame pointers would not show its caller.
//
//go:noinline
func grind(units int) int {
	sum := 0
	for i := 0; i < units*1000; i++ {
		sum ^= i
	}
	return finish(sum) - 1
}

//go:noinline
func (m *mill) run() {
	for {
		m.ground += grind(500)
	}
}

func main() {
	seconds := 60
	if len(os.Args) > 1 {
		seconds, _ = strconv.Atoi(os.Args[1])
	}
	time.AfterFunc(time.Duration(seconds)*time.Second, func() { os.Exit(0) })
	fmt.Println("ready")
	(&mill{}).run()
}
