"""Questions and answers of a course, for learners and for its lecturer."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.model import Course
from delivery.errors import BadInput
from delivery.network.web.deskwork import taught_course, taught_courses
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf
from delivery.store.threads import Thread

OLD_DAYS = 3
"""A question that waits longer is marked (TT-5.3a-2)."""


def question_routes(
    services: PortalServices,
    learner_of: VisitOf,
    learner_posted_of: PostedOf,
    teacher_of: VisitOf,
    teacher_posted_of: PostedOf,
) -> APIRouter:
    """``/courses/{course}/questions`` for learners, ``/questions`` for lecturers."""
    router = APIRouter()

    def own_course(code: str, visit: Visit) -> Course:
        course = services.catalogue().courses.get(code)
        if course is None or code not in services.courses_of(visit.learner):
            raise HTTPException(404)
        return course

    def found(course: str, ident: str) -> Thread:
        thread = services.threads.find(course, ident)
        if thread is None:
            raise HTTPException(404)
        return thread

    @router.get("/courses/{course}/questions")
    def threads(course: str, visit: Visit = Depends(learner_of), unit: int = 0) -> Response:
        return _list_page(visit, services, own_course(course, visit), unit=unit)

    @router.post("/courses/{course}/questions")
    def ask(course: str, posted: Posted = Depends(learner_posted_of)) -> Response:
        visit, known = posted.visit, own_course(course, posted.visit)
        unit = _unit(posted.text("unit"), known.code, services)
        try:
            thread = services.threads.ask(
                visit.learner,
                known.code,
                unit,
                text=posted.text("text"),
                once=posted.text("once")[:32],
                catalogue=services.catalogue(),
            )
        except BadInput as error:
            return _list_page(visit, services, known, unit=unit, problem=error, status=422)
        return visit.redirect(f"/courses/{known.code}/questions/{thread}")

    @router.get("/courses/{course}/questions/{thread}")
    def read(course: str, thread: str, visit: Visit = Depends(learner_of)) -> Response:
        known = own_course(course, visit)
        return _thread_page(visit, services, known, found(known.code, thread))

    @router.post("/courses/{course}/questions/{thread}")
    def write(course: str, thread: str, posted: Posted = Depends(learner_posted_of)) -> Response:
        visit, known = posted.visit, own_course(course, posted.visit)
        begun = found(known.code, thread)
        try:
            services.threads.follow_up(
                begun,
                visit.learner,
                text=posted.text("text"),
                once=posted.text("once")[:32],
                catalogue=services.catalogue(),
            )
        except BadInput as error:
            return _thread_page(visit, services, known, begun, problem=error, status=422)
        return visit.redirect(f"/courses/{known.code}/questions/{begun.ident}")

    @router.get("/questions")
    def queue(visit: Visit = Depends(teacher_of)) -> Response:
        waiting: list[tuple[Course, Thread]] = []
        answered: list[tuple[Course, Thread]] = []
        for course in taught_courses(visit, services):
            for thread in services.threads.of_course(course.code):
                (waiting if thread.waiting_since else answered).append((course, thread))
        waiting.sort(key=lambda pair: pair[1].waiting_since or pair[1].posts[0].at)
        now = services.clock.now()
        return visit.page(
            "questions.html",
            waiting=waiting,
            answered=answered[:50],
            days=lambda thread: (now - thread.waiting_since).days,
            old=OLD_DAYS,
        )

    @router.get("/questions/{course}/{thread}")
    def consider(course: str, thread: str, visit: Visit = Depends(teacher_of)) -> Response:
        known = taught_course(course, visit, services)
        return _thread_page(visit, services, known, found(known.code, thread))

    @router.post("/questions/{course}/{thread}")
    def answer(course: str, thread: str, posted: Posted = Depends(teacher_posted_of)) -> Response:
        visit = posted.visit
        known = taught_course(course, visit, services)
        begun = found(known.code, thread)
        minutes = posted.text("minutes")
        try:
            services.threads.answer(
                begun,
                lecturer=visit.staff,
                text=posted.text("text"),
                minutes=int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 4 else 0,
                once=posted.text("once")[:32],
                catalogue=services.catalogue(),
            )
        except BadInput as error:
            return _thread_page(visit, services, known, begun, problem=error, status=422)
        return visit.redirect("/questions")

    return router


def _unit(text: str, course: str, services: PortalServices) -> int:
    """The unit that a form names, if the course has it; else the course as a whole."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    return number if (course, number) in services.catalogue().units else 0


def _list_page(
    visit: Visit,
    services: PortalServices,
    course: Course,
    *,
    unit: int,
    problem: BadInput | None = None,
    status: int = 200,
) -> Response:
    units = [u for u in services.catalogue().units.values() if u.course == course.code]
    return visit.page(
        "course_questions.html",
        course=course,
        units=units,
        titles={u.number: u.title for u in units},
        unit=unit,
        threads=services.threads.of_course(course.code),
        once=services.ids.random_bytes(8).hex(),
        problem=problem,
        status=status,
    )


def _thread_page(
    visit: Visit,
    services: PortalServices,
    course: Course,
    thread: Thread,
    *,
    problem: BadInput | None = None,
    status: int = 200,
) -> Response:
    """The posts. A learner sees no other learner's name; the lecturer sees them, and that is told."""
    unit = services.catalogue().units.get((course.code, thread.unit))
    learners = sorted({post.author for post in thread.posts if post.by != "lecturer"})
    names = {}
    if visit.staff:
        names = {ident: profile.full_name for ident, profile in services.profiles(learners).items()}
        services.seen.note(learners, what="questions", actor=visit.staff)
    people = services.catalogue().people
    lecturers = {post.author: people[post.author].name for post in thread.posts if post.author in people}
    return visit.page(
        "thread.html",
        course=course,
        thread=thread,
        unit=unit,
        names={**names, **lecturers},
        me=visit.session.learner if visit.session else "",
        numbers={ident: number for number, ident in enumerate(learners, start=1)},
        teaching=bool(visit.staff),
        once=services.ids.random_bytes(8).hex(),
        problem=problem,
        status=status,
    )
