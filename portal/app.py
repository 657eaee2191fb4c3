"""The roof: puts settings, extensions and rooms together, and says what an error looks like."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from flask import Flask, Response, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy import inspect, select
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import jobs, nav
from portal.cards import views as cards
from portal.changes import door as changes
from portal.comparison import door as comparison_door
from portal.comparison import views as comparison
from portal.comparison.matters import service as matters_service
from portal.comparison.matters import views as matters
from portal.config import HALF_RESTORED, ROOT, SettingProblem, Settings
from portal.congress import door as congress
from portal.core import anchors, audit, calendar, crypto, notices, uploads, web
from portal.core import db as database
from portal.core import settings as settings_of_union
from portal.core.db import db
from portal.core.errors import DomainError
from portal.handover import passing
from portal.handover import views as handover
from portal.handover.posts import following as posts_following
from portal.handover.posts import views as posts
from portal.help import views as help_pages
from portal.home import views as home
from portal.joining import code_views as codes
from portal.joining import draft_views as drafts
from portal.joining import entry_views as entry
from portal.joining import following as joining_following
from portal.joining import imported, waiting
from portal.joining import many_views as many
from portal.joining import province_views as province
from portal.joining import service as joining_service
from portal.joining import union_views as unions
from portal.joining import views as joining
from portal.joining.expected import enlisting
from portal.joining.expected import views as expected
from portal.members import correcting_views as corrections
from portal.members import endings, sight, telling
from portal.members import population as members_population
from portal.members import service as members_service
from portal.members import views as members
from portal.members.activation import views as activation
from portal.members.importing import door
from portal.members.importing import views as importing
from portal.members.importing.models import Import
from portal.members.timeline import views as timeline
from portal.merging import door as merging
from portal.messaging import door as messaging
from portal.org import guards, login
from portal.org import views as org
from portal.org.people import views as people
from portal.org.permissions import Permission
from portal.org.units import department_views as departments
from portal.org.units import population
from portal.org.units import sheet_views as unit_sheets
from portal.org.units import views as units
from portal.org.units.models import UnitSheet
from portal.prints import chunks
from portal.prints import views as prints
from portal.prints.models import PrintJob
from portal.query import tasks as query_tasks
from portal.query import views as query
from portal.query.batches import views as batches
from portal.query.batches.models import BatchEdit
from portal.query.definitions import views as definitions
from portal.query.definitions.models import Definition
from portal.query.exports import service as exports_service
from portal.query.exports import views as exports
from portal.query.exports.store import FILES as export_files
from portal.query.figures import views as figures
from portal.query.rosters import part_views as roster_parts
from portal.query.rosters import service as rosters_service
from portal.query.rosters import sheet_views as roster_sheets
from portal.query.rosters import views as rosters
from portal.query.rosters.files import FILES as roster_files
from portal.query.rosters.models import Roster, RosterJob
from portal.query.slow import views as slow
from portal.query.slow.models import SlowQuestion
from portal.query.tasks import Task
from portal.standing import listing as standing_listing
from portal.standing import own_views as my_standing
from portal.standing import views as standing
from portal.standing.dues import views as dues
from portal.standing.leaving import views as leaving
from portal.standing.letters import views as letters
from portal.standing.retiring import service as retiring_service
from portal.standing.retiring import views as retiring
from portal.system import door as system
from portal.transfers import door as transfers

ROOMS = (
    home.bp,
    org.bp,
    people.bp,
    members.bp,
    corrections.bp,
    timeline.bp,
    activation.bp,
    importing.bp,
    definitions.bp,
    joining.bp,
    drafts.bp,
    entry.bp,
    expected.bp,
    many.bp,
    codes.bp,
    unions.bp,
    province.bp,
    *changes.ROOMS,
    standing.bp,
    my_standing.bp,
    letters.bp,
    cards.bp,
    prints.bp,
    query.bp,
    batches.bp,
    slow.bp,
    figures.bp,
    rosters.bp,
    roster_parts.bp,
    exports.bp,
    roster_sheets.bp,
    *system.ROOMS,
    handover.bp,
    posts.bp,
    units.bp,
    departments.bp,
    unit_sheets.bp,
    comparison.bp,
    matters.bp,
    dues.bp,
    leaving.bp,
    *transfers.ROOMS,
    retiring.bp,
    *merging.ROOMS,
    *messaging.ROOMS,
    *congress.ROOMS,
    help_pages.bp,
)

# what can be done with whom a query finds; each page takes `selection`
TASKS = (
    Task("存为名单", "rosters.new", Permission.ROSTER_KEEP),
    Task("导出", "exports.of_selection", Permission.MEMBER_READ),
    Task("打印花名册、签到表、签领表", "roster_sheets.new", Permission.MEMBER_PRINT),
    Task("打印登记表、申请书、名册", "prints.of_selection", Permission.MEMBER_PRINT),
    Task("校内转会", "transfers_many.send", Permission.TRANSFER_SEND),
    Task("批量修改", "batches.new", Permission.MEMBER_EDIT),
    *messaging.TASKS,
)

MEGABYTE = 1024 * 1024

POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

log = logging.getLogger("portal")

# What an error page says when nothing more exact is known: heading, sentence.
SENTENCES = {
    400: ("请求无法识别", "页面可能已过期。请返回上一页刷新后重试，填写的内容一般仍在。"),
    403: ("没有权限", "您的账号没有这项权限，如需办理请联系校工会。"),
    404: ("找不到页面", "您要找的内容不存在，或不在您的管理范围内。"),
    405: ("请求方式不对", "请从页面上的按钮操作，不要直接访问这个地址。"),
    409: ("已被他人处理", "该事项刚刚被他人处理，请返回刷新后查看。"),
    413: ("文件太大", "上传的内容超过限制，请压缩后重新上传（照片不超过 15MB）。"),
    415: ("文件类型不对", "请上传页面上说明的文件类型。"),
    422: ("内容需要修改", "提交的内容没有通过检查，请返回修改后重新提交。"),
    429: ("操作过于频繁", "请稍候一分钟再试，您填写的内容没有丢失。"),
    500: ("系统出错", "系统出现错误，本次操作没有保存。请稍后重试；若仍出现，请联系系统管理员并告知时间。"),
    503: ("系统正忙", "系统正忙，请稍候几秒再试。"),
}


def create_app(settings: Settings, *, restoring: bool = False) -> Flask:
    """Return the portal for `settings`.

    Raises crypto.KeyProblem if the keys do not fit the database, SettingProblem where a restore was broken off;
    `restoring` is for the restore itself.
    """
    if settings.restoring_path.exists() and not restoring:
        raise SettingProblem(HALF_RESTORED)
    app = Flask(
        "portal",
        root_path=str(ROOT / "portal"),
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        instance_path=str(settings.instance),
    )
    _load_keys(settings)
    app.config.update(
        SECRET_KEY=crypto.app_secret(),
        SQLALCHEMY_DATABASE_URI=settings.database_uri,
        # the words of a failing statement may hold an identity number
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True, **database.engine_options(settings.database_uri)},
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=20 * MEGABYTE,
        MAX_FORM_MEMORY_SIZE=MEGABYTE,
        MAX_FORM_PARTS=5000,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https://"),
        SESSION_COOKIE_NAME="portal",
        SEND_FILE_MAX_AGE_DEFAULT=86400,
        BASE_URL=settings.base_url,
        PROFILE=settings.profile,
        INSTANCE=str(settings.instance),
        SETTINGS=settings,
        RATELIMIT_STORAGE_URI="counters://",  # web.Counters
    )
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # as Flask's manual has it
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True)
    uploads.use(settings.uploads_path)
    population.use(members_population, waiting)
    comparison_door.use(enlisting)
    endings.use((*joining_following.FOLLOWERS, *transfers.FOLLOWERS, *posts_following.FOLLOWERS))
    anchors.use(settings.anchors_path)
    chunks.use(settings.jobs_path / "prints")
    roster_files.use(settings.jobs_path / "rosters")
    export_files.use(settings.jobs_path / "exports")
    messaging.use(settings)
    door.use(imported)
    query_tasks.use(TASKS)
    telling.lead_to(*changes.OBJECT)
    web.install(app)
    csrf = CSRFProtect(app)
    login.install(app)
    for room in ROOMS:
        app.register_blueprint(room)
    csrf.exempt(app.view_functions["receipts.receive"])  # gateways have no session; their address is the secret
    guards.say_permission(app.view_functions["static"], guards.PUBLIC)
    app.extensions["todos"] = (
        joining_service.todo,
        changes.todo,
        matters_service.todo,
        rosters_service.todo,
        exports_service.todo,
        transfers.todo,
        retiring_service.todo,
        standing_listing.todo,
        merging.todo,
        *messaging.TODOS,
    )
    owned = (
        ("打印任务", PrintJob.owner_id),
        ("待导入的单位表", UnitSheet.user_id),
        ("会员导入", Import.uploaded_by),
        ("口径", Definition.owner_id),
        ("名单", Roster.owner_id),
        *messaging.OWNED,
        ("签领表任务", RosterJob.owner_id),
        ("批量修改", BatchEdit.owner_id),
        ("后台查询", SlowQuestion.owner_id),
    )
    passing.use(owned, app.extensions["todos"])
    app.extensions["jobs"], app.extensions["queues"] = jobs.JOBS, jobs.QUEUES
    app.extensions["figures"] = (members_service.figures, transfers.figures)
    app.context_processor(_for_templates)
    # globals, not context: imported macros see only these
    app.jinja_env.globals.update(is_city=settings.profile == nav.CITY, city_words=nav.words_of(settings.profile))
    app.jinja_env.globals.update(
        show_date=calendar.show_date,
        show_time=calendar.show_time,
        setting=settings_of_union.value,
        menu_label=lambda endpoint: nav.label_of(endpoint, str(app.config["PROFILE"])),
    )
    app.after_request(_headers)
    _install_errors(app)
    with app.app_context():
        _check_keys()
    return app


def bare_app(settings: Settings) -> Flask:
    """Return an app that has the database and nothing else: for what is done before the keys are known to fit."""
    app = Flask("portal.bare", root_path=str(ROOT / "portal"), instance_path=str(settings.instance))
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_uri,
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True, **database.engine_options(settings.database_uri)},
    )
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True)
    return app


def _load_keys(settings: Settings) -> None:
    """Use the stored keys, or make the first ones where no data can depend on others yet."""
    keys = crypto.keys_at(settings.keys_path)
    if keys is None:
        settings.instance.mkdir(parents=True, exist_ok=True)
        keys = crypto.Keys.fresh()
        crypto.use(keys)
        with bare_app(settings).app_context():
            database.reads()
            has_events = inspect(db.engine).has_table("audit_events")
            has_data = has_events and db.session.scalar(select(audit.AuditEvent.id).limit(1)) is not None
            db.session.remove()
            db.engine.dispose()
        if has_data:
            raise crypto.KeyProblem(
                f"数据库中已有数据，但找不到密钥文件 {settings.keys_path}，请放回备份的密钥文件后再启动"
            )
        crypto.store_keys(settings.keys_path, keys)
    crypto.use(keys)


def _check_keys() -> None:
    """Refuse to start with keys of another installation: the last event of the trace must fit."""
    database.reads()
    if inspect(db.engine).has_table("audit_events"):
        fits = audit.end_fits()
        db.session.rollback()
        if not fits:
            db.engine.dispose()
            raise crypto.KeyProblem("密钥文件与数据库不符（或日志末尾被改动），请放回本系统的密钥文件后再启动")


def _for_templates() -> dict[str, Any]:
    """What every template may use; `value` is closed over who looks."""
    if g.get("refused"):
        return {}  # an error page asks the database for nothing
    words: dict[str, Any] = {"today": calendar.today()}
    if current_user.is_authenticated:
        user = current_user._get_current_object()
        words["nav"] = nav.menu_for(user, request.endpoint, current_app.config["PROFILE"])
        words["unread"] = notices.unread_count(user.id)
        words["value"] = lambda row, name, place="sheet": sight.value(user, row, name, place=place)
    return words


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _install_errors(app: Flask) -> None:
    def page(status: int, message: str = "") -> ResponseReturnValue:
        g.refused = True
        heading, sentence = SENTENCES.get(status, SENTENCES[500])
        body = render_template("errors/error.html", status=status, heading=heading, sentence=message or sentence)
        db.session.rollback()  # a refusal before the view's wrapper may have read who asks
        return body, status, ({"Retry-After": "5"} if status in (429, 503) else {})

    @app.errorhandler(DomainError)
    def refused(error: DomainError) -> ResponseReturnValue:
        return page(error.status, error.message)

    @app.errorhandler(CSRFError)
    def stale(error: CSRFError) -> ResponseReturnValue:
        return page(400)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        if error.code is not None and error.code < 400:
            return error.get_response()  # a redirect of Werkzeug's own
        return page(error.code or 500)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> ResponseReturnValue:
        db.session.rollback()
        # the words of an error may quote a row, so the log gets its kind and place only
        place = "".join(traceback.format_tb(error.__traceback__))
        log.error("%s in %s\n%s", type(error).__name__, request.endpoint, place)
        return page(500)

    @login.login_manager.unauthorized_handler
    def sign_in_first() -> ResponseReturnValue:
        target = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("org.login", next=target if target != "/" else None))
