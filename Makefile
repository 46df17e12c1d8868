# Thin aliases: `./run help` has the whole list.
.PHONY: run test more full bench lock
run:
	./run
test:
	./run test
more:
	./run test --more
full:
	./run test --full
bench:
	./run bench sale
lock:
	./run lock
